package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/telemetry"
)

// An Export says where spans and metrics are sent to, over OTLP.
type Export struct {
	Endpoint string    // base URL of the collector; "" leaves it to the variables
	Headers  ai.Secret // "name=value,name=value"
	Content  bool      // send messages, too
	vars     map[string]string
}

// OpenTelemetry's own variables are read as well, and those that Portkey's gateway
// has for the same. A setting of ours goes before both, the former before the latter.
const (
	otelPrefix    = "OTEL_"
	portkeyPrefix = "EXPERIMENTAL_GEN_AI_OTEL_"
)

func (e *Export) read(name, value string) {
	if value == "" || !strings.HasPrefix(name, otelPrefix) && !strings.HasPrefix(name, portkeyPrefix) {
		return
	}
	if e.vars == nil {
		e.vars = map[string]string{}
	}
	e.vars[name] = value
}

func (e *Export) isTrue(name string) bool {
	on, _ := strconv.ParseBool(e.vars[name])
	return on
}

// collectors are where traces and metrics go.
func (e *Export) collectors() (traces, metrics telemetry.Collector, err error) {
	if e.isTrue("OTEL_SDK_DISABLED") {
		return traces, metrics, nil
	}
	if traces, err = e.collector("TRACES", "/v1/traces"); err == nil {
		metrics, err = e.collector("METRICS", "/v1/metrics")
	}
	return traces, metrics, err
}

func (e *Export) collector(signal, path string) (c telemetry.Collector, err error) {
	if e.vars["OTEL_"+signal+"_EXPORTER"] == "none" {
		return c, nil
	}
	of := func(name string) string {
		return cmp.Or(e.vars["OTEL_EXPORTER_OTLP_"+signal+"_"+name], e.vars["OTEL_EXPORTER_OTLP_"+name])
	}
	headers := cmp.Or(e.Headers.Reveal(), of("HEADERS"))
	switch {
	case e.Endpoint != "":
		c.Endpoint = below(e.Endpoint, path)
	case e.vars["OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT"] != "":
		c.Endpoint = e.vars["OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT"]
	case e.vars["OTEL_EXPORTER_OTLP_ENDPOINT"] != "":
		c.Endpoint = below(e.vars["OTEL_EXPORTER_OTLP_ENDPOINT"], path)
	case signal == "TRACES" && e.isTrue(portkeyPrefix+"TRACES_ENABLED") && e.vars[portkeyPrefix+"EXPORTER_OTLP_ENDPOINT"] != "":
		c.Endpoint = below(e.vars[portkeyPrefix+"EXPORTER_OTLP_ENDPOINT"], path)
		headers = cmp.Or(e.Headers.Reveal(), e.vars[portkeyPrefix+"EXPORTER_OTLP_HEADERS"], headers)
	case e.isTrue("OTEL_PUSH_ENABLED") && e.vars["OTEL_ENDPOINT"] != "":
		c.Endpoint = below(e.vars["OTEL_ENDPOINT"], path)
	default:
		return c, nil
	}
	if _, err := hostPort(c.Endpoint); err != nil {
		return c, fmt.Errorf("the collector's endpoint: %w", err)
	}
	if c.Headers, err = pairs(headers); err != nil {
		return c, errors.New("the collector's headers must be name=value pairs with commas between") // which may be secret
	}
	switch protocol := cmp.Or(of("PROTOCOL"), "http/protobuf"); protocol {
	case "http/protobuf", "http/json":
		c.JSON = protocol == "http/json"
	default:
		return c, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json, got %q: gRPC is not spoken", protocol)
	}
	c.Gzip = cmp.Or(of("COMPRESSION"), "gzip") == "gzip"
	c.Timeout, err = millisOf("OTEL_EXPORTER_OTLP_TIMEOUT", of("TIMEOUT"), 10*time.Second)
	return c, err
}

func millisOf(name, text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	ms, err := strconv.ParseUint(text, 10, 31)
	if err != nil || ms == 0 {
		return 0, fmt.Errorf("%s must be a number of milliseconds, got %q", name, text)
	}
	return time.Duration(ms) * time.Millisecond, nil //nolint:gosec // 31 bits
}

func below(base, path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(base, "/"), path) + path
}

// pairs reads name=value pairs with commas between, percent-encoded, as
// OpenTelemetry's variables have them.
func pairs(text string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" {
			return nil, errors.New("must be name=value pairs with commas between")
		}
		out[name] = value
	}
	return out, nil
}

func (e *Export) resource(version string) (map[string]string, error) {
	given, err := pairs(cmp.Or(e.vars["OTEL_RESOURCE_ATTRIBUTES"], e.vars[portkeyPrefix+"RESOURCE_ATTRIBUTES"]))
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES %w", err)
	}
	given["service.name"] = cmp.Or(e.vars["OTEL_SERVICE_NAME"], given["service.name"], "portico")
	given["service.version"] = cmp.Or(given["service.version"], version)
	return given, nil
}

// openExporter makes what sends entries to a collector, if there is one.
func (a *App) openExporter(ctx context.Context) error {
	traces, metrics, err := a.cfg.Export.collectors()
	if err != nil || traces.Endpoint == "" && metrics.Endpoint == "" {
		return err
	}
	resource, err := a.cfg.Export.resource(a.cfg.Version)
	if err != nil {
		return err
	}
	every, err := millisOf("OTEL_METRIC_EXPORT_INTERVAL", a.cfg.Export.vars["OTEL_METRIC_EXPORT_INTERVAL"], time.Minute)
	if err != nil {
		return err
	}
	http, err := a.collectorClient(traces.Endpoint, metrics.Endpoint)
	if err != nil {
		return err
	}
	a.exporter, err = telemetry.NewExporter(ctx, telemetry.ExportOptions{
		Traces: traces, Metrics: metrics, Every: every, HTTP: http.HTTP(), Cursor: a.path(exportCursor), From: a.journal.End(), Version: a.cfg.Version,
		Resource: resource, ProviderName: a.rows.TelemetryName, Bodies: a.hubBodies, Log: a.log,
		Content: a.cfg.Export.Content || a.cfg.Export.isTrue("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
	})
	if err != nil {
		return err
	}
	a.exporting = ledger.NewFollower(a.journal, a.exporter, ledger.FollowOptions{
		Name: "otlp", Quarantine: a.path(quarantine), Log: a.log, Batch: telemetry.ExportBatch, Wait: time.Second, Backoff: 500 * time.Millisecond, Yields: true,
	})
	a.metrics.Gauge("portico_otlp_lag_bytes", "Journal not yet sent to the collector.", func() float64 { return float64(a.exporting.Lag()) })
	a.metrics.Gauge("portico_otlp_quarantined", "Entries set apart because the collector would not take them.", func() float64 { return float64(a.exporting.Quarantined()) })
	a.metrics.Gauge("portico_otlp_partial_batches", "Calls of which the collector did not take every span.", func() float64 { return float64(a.exporter.Rejected()) })
	return nil
}

// collectorClient connects to the collectors, which the operator has named, and
// to nothing else that is private.
func (a *App) collectorClient(endpoints ...string) (*egress.Client, error) {
	rules, err := egress.ParseAllow(a.cfg.EgressAllow)
	if err != nil {
		return nil, err
	}
	policy := &egress.Policy{Allow: rules}
	for _, endpoint := range endpoints {
		if endpoint == "" {
			continue
		}
		host, err := hostPort(endpoint)
		if err == nil {
			err = policy.Trust(host)
		}
		if err != nil {
			return nil, fmt.Errorf("the collector's endpoint: %w", err)
		}
	}
	var options egress.Options
	if path := a.cfg.Export.vars["OTEL_EXPORTER_OTLP_CERTIFICATE"]; path != "" {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %s holds no certificate", path)
		}
		options.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return egress.New(policy, options), nil
}

// hubBodies are an entry's bodies in OpenAI's format, as far as they are kept and
// can be had in it.
func (a *App) hubBodies(ctx context.Context, e *ledger.Entry) (request, reply []byte) {
	if !e.Request.IsZero() {
		request, _ = a.bodies.Read(ctx, e.ID, e.Request) // what is gone is not sent
	}
	if !e.Reply.IsZero() {
		reply, _ = a.bodies.Read(ctx, e.ID, e.Reply)
	}
	from, ok := a.formats[e.Dialect].(dialect.Translator)
	if e.Dialect == ai.OpenAI || e.Dialect == "" || !ok {
		return request, reply
	}
	c := &dialect.Conversion{Op: e.Op, Model: e.AskModel, Stream: e.Stream, Request: request}
	if len(request) > 0 {
		request, _ = from.RequestToHub(c, request)
	}
	switch {
	case len(reply) == 0 || e.Status >= 400:
		reply = nil
	case e.Stream:
		reply = wholeStream(from.StreamToHub(c, &oneChunk{reply}))
	default:
		reply, _ = from.ReplyToHub(c, reply)
	}
	return request, reply
}

// A oneChunk is a kept stream.
type oneChunk struct{ left []byte }

func (s *oneChunk) Next() ([]byte, error) {
	if s.left == nil {
		return nil, io.EOF
	}
	chunk := s.left
	s.left = nil
	return chunk, nil
}

func (s *oneChunk) Close() error { return nil }

func wholeStream(s ai.Stream) (out []byte) {
	defer s.Close() //nolint:errcheck // it is in memory
	for {
		chunk, err := s.Next()
		if err != nil {
			return out
		}
		out = append(out, chunk...)
	}
}
