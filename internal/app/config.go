// Package app wires the program together: its configuration, New(Config), which
// gives an App to Run and Close, and what an operator does to a data folder as a
// whole: back up, restore, migrate, exchange the master key, examine.
package app

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/telemetry"
)

// A Config is everything an operator can set. Defaults are overridden by the
// configuration file, that by the environment, that by flags.
type Config struct {
	Listen        string // host:port of the API and console
	MetricsListen string // host:port of /metrics, "" for none
	Data          string // folder of SQLite, journal, bodies, master key

	DatabaseURL ai.Secret // postgres://…, which may hold a password
	RedisURL    string

	LogsURL    ai.Secret     // zero: DuckDB in the data folder; it may hold a password
	BlobsURL   ai.Secret     // where bodies go beside the disk; it may hold a password
	BlobsEvery time.Duration // after which they do at the latest
	BlobsCache int64         // bytes of them that stay on the disk

	PublicURL string    // where people reach the server, without a slash at the end; "" means where a request comes in
	SMTPURL   ai.Secret // server that takes our mail, "" for none
	SMTPFrom  string    // sender of our mail

	EgressAllow   string // comma list of host:port, hosts, CIDRs
	DrainDelay    time.Duration
	DrainTimeout  time.Duration
	MaxBody       int64 // bytes
	MaxUpload     int64 // bytes
	Durability    ledger.Durability
	LogRetention  time.Duration // of all that is recorded of a request; 0 keeps it
	BodyRetention time.Duration // of bodies, where LogRetention is not shorter; 0 keeps them
	JournalMax    int64         // bytes; 0 for no bound
	BodiesMax     int64         // bytes; 0 for no bound

	MetricsCompat bool // Portkey's metrics beside ours
	Compat        telemetry.Compat
	Export        Export

	Prices string // file of the operator's own prices, "" for none
	Demo   bool

	MasterKey             ai.Secret // base64 of 32 bytes; "" means MasterKeyFile or the data folder's
	MasterKeyFile         string
	BootstrapAdminKey     ai.Secret
	BootstrapWorkspaceKey ai.Secret

	ProviderBases map[string]string // provider id to base URL

	Version string // of the binary

	// Unrecorded keeps neither entries nor bodies. No setting sets it: it is there to
	// measure what recording costs.
	Unrecorded bool
}

// Default is the configuration of a server that is told nothing.
func Default() Config {
	return Config{
		Listen: "127.0.0.1:8787", MetricsListen: "127.0.0.1:9464", Data: "./portico-data",
		DrainDelay: 5 * time.Second, DrainTimeout: 30 * time.Second, MaxBody: 32 << 20, MaxUpload: 512 << 20,
		Durability: ledger.Process, BodyRetention: 30 * day, BlobsEvery: 5 * time.Minute, BlobsCache: 1 << 30,
		MetricsCompat: true, Compat: telemetry.Compat{App: "portico", Env: "production"},
		ProviderBases: map[string]string{},
	}
}

// A Setting is one value of the configuration: its flag, its variable (PORTICO_
// plus the name in capitals) and its key in the file all come from Name.
type Setting struct {
	Name    string // as in the file: "metrics_listen"
	Default string
	Help    string
	IsBool  bool
	NoFlag  bool // secrets: never on a command line
	Set     func(c *Config, value string) error
}

// Flag is the setting's command-line flag, without dashes.
func (s Setting) Flag() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Variable is the setting's environment variable.
func (s Setting) Variable() string { return "PORTICO_" + strings.ToUpper(s.Name) }

// Settings lists what can be set.
func Settings() []Setting {
	text := func(field func(*Config) *string) func(*Config, string) error {
		return func(c *Config, v string) error { *field(c) = v; return nil }
	}
	hidden := func(field func(*Config) *ai.Secret) func(*Config, string) error {
		return func(c *Config, v string) error { *field(c) = ai.NewSecret(v); return nil }
	}
	return []Setting{
		{Name: "listen", Default: "127.0.0.1:8787", Help: "address of the API and console", Set: text(func(c *Config) *string { return &c.Listen })},
		{Name: "metrics_listen", Default: "127.0.0.1:9464", Help: "address of /metrics (Prometheus); empty turns it off",
			Set: text(func(c *Config) *string { return &c.MetricsListen })},
		{Name: "metrics_compat", Default: "true", Help: "Portkey's metrics beside ours: true or false",
			Set: truth(func(c *Config) *bool { return &c.MetricsCompat })},
		{Name: "data", Default: "./portico-data", Help: "data folder: SQLite, journal, bodies, master key", Set: text(func(c *Config) *string { return &c.Data })},
		{Name: "database_url", Help: "postgres://… for the control plane, for several nodes (default: SQLite in the data folder)",
			Set: hidden(func(c *Config) *ai.Secret { return &c.DatabaseURL })},
		{Name: "redis_url", Help: "redis://… for shared counters (default: memory)", Set: text(func(c *Config) *string { return &c.RedisURL })},
		{Name: "logs_url", Help: "clickhouse://… or postgres://… for logs (default: DuckDB in the data folder)", Set: hidden(func(c *Config) *ai.Secret { return &c.LogsURL })},
		{Name: "blobs_url", Help: "s3://bucket/prefix?region=… or mongodb://… for bodies (default: files in the data folder)", Set: hidden(func(c *Config) *ai.Secret { return &c.BlobsURL })},
		{Name: "blobs_every", Default: "5m", Help: "with blobs_url: how long bodies are gathered before they are stored there", Set: gathering},
		{Name: "blobs_cache", Default: "1GiB", Help: "with blobs_url: how much of what is stored there stays in the data folder", Set: cache},
		{Name: "public_url", Help: "where people reach this server, such as https://portico.example.com; links in mail start with it", Set: setPublicURL},
		{Name: "smtp_url", NoFlag: true, Help: "smtps://user:password@host:465 or smtp://user:password@host:587, to mail invites",
			Set: hidden(func(c *Config) *ai.Secret { return &c.SMTPURL })},
		{Name: "smtp_from", Help: "sender of mail, such as Portico <portico@example.com>", Set: text(func(c *Config) *string { return &c.SMTPFrom })},
		{Name: "egress_allow", Help: "comma list of host:port, hosts and CIDRs that may be dialled although private", Set: text(func(c *Config) *string { return &c.EgressAllow })},
		{Name: "drain_delay", Default: "5s", Help: "on SIGTERM: how long to go on serving after /readyz says no", Set: duration(func(c *Config) *time.Duration { return &c.DrainDelay })},
		{Name: "drain_timeout", Default: "30s", Help: "on SIGTERM: how long requests in flight may take to finish", Set: duration(func(c *Config) *time.Duration { return &c.DrainTimeout })},
		{Name: "max_body", Default: "32MiB", Help: "largest request body that is JSON", Set: byteSize(1<<30, func(c *Config) *int64 { return &c.MaxBody })},
		{Name: "max_upload", Default: "512MiB", Help: "largest upload: forms, audio and other bodies that are not JSON",
			Set: byteSize(64<<30, func(c *Config) *int64 { return &c.MaxUpload })},
		{Name: "durability", Default: "process", Help: "what a recorded request survives: process (a kill) or power (a power cut, too; slower)", Set: setDurability},
		{Name: "log_retention", Default: "0", Help: "how long requests are kept: days such as 90d; 0 keeps them", Set: retention(func(c *Config) *time.Duration { return &c.LogRetention })},
		{Name: "body_retention", Default: "30d", Help: "how long their bodies are kept, at most as long as log_retention; 0 keeps them",
			Set: retention(func(c *Config) *time.Duration { return &c.BodyRetention })},
		{Name: "journal_max", Default: "0", Help: "size beyond which the oldest of the journal is dropped; 0 for none", Set: bound(func(c *Config) *int64 { return &c.JournalMax })},
		{Name: "bodies_max", Default: "0", Help: "size beyond which the oldest bodies are dropped; 0 for none", Set: bound(func(c *Config) *int64 { return &c.BodiesMax })},
		{Name: "prices", Help: "JSON file of prices that add to the catalogue or override it; read again when it changes", Set: text(func(c *Config) *string { return &c.Prices })},
		{Name: "otlp_endpoint", Help: "base URL of an OpenTelemetry collector (OTLP/HTTP) that spans and metrics are sent to, such as http://127.0.0.1:4318",
			Set: text(func(c *Config) *string { return &c.Export.Endpoint })},
		{Name: "otlp_headers", NoFlag: true, Help: "headers for the collector: name=value,name=value", Set: hidden(func(c *Config) *ai.Secret { return &c.Export.Headers })},
		{Name: "otlp_content", Default: "false", Help: "send messages to the collector, too, where bodies are kept: true or false",
			Set: truth(func(c *Config) *bool { return &c.Export.Content })},
		{Name: "demo", IsBool: true, Default: "false", Help: "start with a demo workspace and the built-in mock provider", Set: truth(func(c *Config) *bool { return &c.Demo })},
		{Name: "master_key", NoFlag: true, Help: "base64 of 32 bytes that seal all secrets", Set: hidden(func(c *Config) *ai.Secret { return &c.MasterKey })},
		{Name: "master_key_file", NoFlag: true, Help: "file with the master key", Set: text(func(c *Config) *string { return &c.MasterKeyFile })},
		{Name: "bootstrap_admin_key", NoFlag: true, Help: "value of the admin key made on an empty data folder",
			Set: hidden(func(c *Config) *ai.Secret { return &c.BootstrapAdminKey })},
		{Name: "bootstrap_workspace_key", NoFlag: true, Help: "value of a workspace key made on an empty data folder",
			Set: hidden(func(c *Config) *ai.Secret { return &c.BootstrapWorkspaceKey })},
	}
}

func setPublicURL(c *Config, v string) error {
	u, err := url.Parse(v)
	if v != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "") {
		return fmt.Errorf("must be a URL without a path such as https://portico.example.com, got %q", v)
	}
	c.PublicURL = strings.TrimRight(v, "/")
	return nil
}

func duration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return fmt.Errorf("must be a duration such as 5s or 1m30s, got %q", v)
		}
		*field(c) = d
		return nil
	}
}

// gathering reads how long bodies are: not so short that each makes an object.
func gathering(c *Config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > 24*time.Hour {
		return fmt.Errorf("must be a duration from 1s to 24h such as 5m, got %q", v)
	}
	c.BlobsEvery = d
	return nil
}

func cache(c *Config, v string) error {
	n, err := parseSize(v)
	if err != nil || n < 0 {
		return fmt.Errorf("must be a size such as 1GiB, or 0 to keep nothing, got %q", v)
	}
	c.BlobsCache = n
	return nil
}

const day = 24 * time.Hour

// retention reads days, "90d", or a duration.
func retention(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := time.ParseDuration(v)
		if text, isDays := strings.CutSuffix(v, "d"); isDays {
			var n uint64
			n, err = strconv.ParseUint(text, 10, 16)
			d = time.Duration(n) * day
		}
		if err != nil || d < time.Hour && d != 0 {
			return fmt.Errorf("must be days such as 90d, hours such as 12h, or 0 to keep everything, got %q", v)
		}
		*field(c) = d
		return nil
	}
}

// bound reads a size that is worth dropping whole segments for.
func bound(field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := parseSize(v)
		if err != nil || n < 0 || n > 0 && n < 16<<20 {
			return fmt.Errorf("must be a size of at least 16MiB such as 20GiB, or 0 for no bound, got %q", v)
		}
		*field(c) = n
		return nil
	}
}

func setDurability(c *Config, v string) error {
	d := ledger.Durability(v)
	if d != ledger.Process && d != ledger.Power {
		return fmt.Errorf("must be process or power, got %q", v)
	}
	c.Durability = d
	return nil
}

func truth(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, v string) error {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("must be true or false, got %q", v)
		}
		*field(c) = on
		return nil
	}
}

func byteSize(most int64, field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := parseSize(v)
		if err != nil || n < 1024 || n > most {
			return fmt.Errorf("must be a size from 1KiB to %dGiB such as 32MiB, got %q", most>>30, v)
		}
		*field(c) = n
		return nil
	}
}

// parseSize reads "33554432", "32MiB", "32MB", "512KiB" or "1GiB".
func parseSize(v string) (int64, error) {
	number := strings.TrimRight(v, "KMGiBb")
	factor := int64(1)
	switch strings.ToUpper(strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(v[len(number):]), "B"), "I")) {
	case "":
	case "K":
		factor = 1 << 10
	case "M":
		factor = 1 << 20
	case "G":
		factor = 1 << 30
	default:
		return 0, fmt.Errorf("unknown unit in %q", v)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 40)
	return n * factor, err
}

// Environment applies PORTICO_* variables. providerIDs are the ids that a base
// URL can be given for. It returns a warning for each variable that means nothing.
func (c *Config) Environment(environ []string, providerIDs []string) (warnings []string, err error) {
	byVariable := map[string]Setting{}
	var names []string
	for _, s := range Settings() {
		byVariable[s.Variable()] = s
		names = append(names, s.Variable())
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "PORTICO_") {
			c.Export.read(name, value)
			c.readCompat(name, value)
			continue
		}
		if s, ok := byVariable[name]; ok {
			if err := s.Set(c, value); err != nil {
				return nil, fmt.Errorf("%s %w", name, err)
			}
			continue
		}
		if id, ok := strings.CutPrefix(name, "PORTICO_PROVIDER_"); ok && strings.HasSuffix(id, "_BASE_URL") {
			if err := c.setProviderBase(strings.TrimSuffix(id, "_BASE_URL"), value, name, providerIDs); err != nil {
				return nil, err
			}
			continue
		}
		if near := provider.Nearest(name, names); near != "" {
			warnings = append(warnings, fmt.Sprintf("unknown variable %s is ignored; did you mean %s?", name, near))
		}
	}
	return warnings, nil
}

// readCompat takes the variables that Portkey's gateway has for its metrics.
func (c *Config) readCompat(name, value string) {
	on, _ := strconv.ParseBool(value)
	switch name {
	case "SERVICE_NAME":
		c.Compat.App = value
	case "NODE_ENV":
		c.Compat.Env = value
	case "PROMETHEUS_INCLUDE_MODEL_LABEL":
		c.Compat.Model = on
	case "PROMETHEUS_INCLUDE_CONFIG_NAME_LABEL":
		c.Compat.ConfigName = on
	case "PROMETHEUS_INCLUDE_API_KEY_NAME_LABEL":
		c.Compat.APIKeyName = on
	case "PROMETHEUS_INCLUDE_METADATA_LABELS":
		c.Compat.Metadata = metadataLabels(value)
	}
}

// maxMetadataLabels keeps the page of metrics of a size that can be scraped.
const maxMetadataLabels = 8

func metadataLabels(value string) (keys []string) {
	for key := range strings.SplitSeq(value, ",") {
		if key = strings.TrimSpace(key); key != "" && !slices.Contains(keys, key) && len(keys) < maxMetadataLabels {
			keys = append(keys, key)
		}
	}
	return keys
}

func (c *Config) setProviderBase(shouted, value, name string, ids []string) error {
	for _, id := range ids {
		if strings.ToUpper(strings.ReplaceAll(id, "-", "_")) == shouted {
			c.ProviderBases[id] = value
			return nil
		}
	}
	return fmt.Errorf("%s names no provider; known ids: %s", name, strings.Join(ids, ", "))
}
