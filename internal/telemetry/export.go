package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/portico-ai/portico/internal/ledger"
)

// A Collector is where a signal is sent to, over OTLP/HTTP.
type Collector struct {
	Endpoint string            // the signal's whole URL; "" sends nothing
	Headers  map[string]string // among them what proves us
	JSON     bool              // instead of protobuf; of traces alone
	Gzip     bool
	Timeout  time.Duration // of a call
}

// ExportOptions say what is sent where. All are required but Content.
type ExportOptions struct {
	Traces, Metrics Collector
	Every           time.Duration // metrics are sent
	HTTP            *http.Client
	Cursor          string          // file of the position up to which entries are sent
	From            ledger.Position // where to begin without one
	Version         string
	Resource        map[string]string
	// ProviderName is what the conventions call a provider.
	ProviderName func(id string) string
	// Bodies are the request and the reply of an entry as far as they are kept, in
	// OpenAI's format.
	Bodies func(ctx context.Context, e *ledger.Entry) (request, reply []byte)
	// Content sends messages, too.
	Content bool
	Log     *slog.Logger
}

// An Exporter sends entries to a collector as spans and metrics of OpenTelemetry's
// conventions for generative AI. It reads the journal at its own pace: what is not
// acknowledged is sent again, and the same entry has the same ids every time.
type Exporter struct {
	opt      ExportOptions
	client   otlptrace.Client
	resource *resourcepb.Resource
	metrics  *genAIMetrics
	pos      ledger.Position
	counted  ledger.Position // entries before are in the metrics
	rejected atomic.Int64
}

var _ ledger.Reader = (*Exporter)(nil)

const (
	// ExportBatch is how many entries are sent at once, at most.
	ExportBatch = 512
	// batchSize is how large a call is about, at most; collectors take 4 MiB or more.
	batchSize = 2 << 20
)

// NewExporter makes an Exporter; Close ends it.
func NewExporter(ctx context.Context, opt ExportOptions) (*Exporter, error) {
	x := &Exporter{opt: opt, resource: &resourcepb.Resource{Attributes: resourceAttributes(opt)}}
	if err := x.restore(); err != nil {
		return nil, err
	}
	x.counted = x.pos
	if opt.Traces.Endpoint != "" {
		x.client = otlptracehttp.NewClient(traceOptions(opt)...)
	}
	if opt.Metrics.Endpoint != "" {
		var err error
		if x.metrics, err = newGenAIMetrics(ctx, opt); err != nil {
			return nil, fmt.Errorf("export of metrics: %w", err)
		}
	}
	return x, nil
}

func traceOptions(opt ExportOptions) []otlptracehttp.Option {
	c := opt.Traces
	o := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(c.Endpoint), otlptracehttp.WithHeaders(c.Headers), otlptracehttp.WithTimeout(c.Timeout), otlptracehttp.WithHTTPClient(opt.HTTP),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 10 * time.Second, MaxElapsedTime: time.Minute}),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf), otlptracehttp.WithCompression(otlptracehttp.NoCompression),
	}
	if c.JSON {
		o = append(o, otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON))
	}
	if c.Gzip {
		o = append(o, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return o
}

// Position implements ledger.Reader.
func (x *Exporter) Position(context.Context) (ledger.Position, error) { return x.pos, nil }

// Apply implements ledger.Reader.
func (x *Exporter) Apply(ctx context.Context, batch []*ledger.Entry, upTo ledger.Position) error {
	if len(batch) == 0 && upTo == x.pos {
		return x.upload(ctx, nil) // whether the collector is there at all
	}
	if x.client != nil {
		if err := x.send(ctx, batch); err != nil {
			return err
		}
	}
	if x.metrics != nil && x.counted.Before(upTo) {
		for _, e := range batch {
			if served(e) {
				x.metrics.observe(ctx, e)
			}
		}
		x.counted = upTo
	}
	return x.save(upTo)
}

// served leaves out what others have told us of: they have told their collector, too,
// and one that hands on to us what it gets would get it back for ever.
func served(e *ledger.Entry) bool { return e.Source == "" }

func (x *Exporter) send(ctx context.Context, batch []*ledger.Entry) error {
	var spans []*tracepb.Span
	size := 0
	for _, e := range batch {
		if !served(e) {
			continue
		}
		for _, s := range x.spans(ctx, e) {
			spans, size = append(spans, s), size+proto.Size(s)
		}
		if size >= batchSize {
			if err := x.upload(ctx, spans); err != nil {
				return err
			}
			spans, size = nil, 0
		}
	}
	if len(spans) == 0 {
		return nil
	}
	return x.upload(ctx, spans)
}

// partial is how the client's error begins when the collector took the call and
// not every span of it. Sending these again would change nothing.
const partial = "OTLP partial success"

func (x *Exporter) upload(ctx context.Context, spans []*tracepb.Span) error {
	if x.client == nil {
		return nil
	}
	var all []*tracepb.ResourceSpans
	if len(spans) > 0 {
		all = []*tracepb.ResourceSpans{{Resource: x.resource, SchemaUrl: schemaURL, ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: scopeName, Version: x.opt.Version}, Spans: spans, SchemaUrl: schemaURL,
		}}}}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := x.client.UploadTraces(ctx, all)
	if err != nil && strings.HasPrefix(err.Error(), partial) {
		x.rejected.Add(1)
		x.opt.Log.Warn("the collector did not take all spans", "sent", len(spans), "error", err)
		return nil
	}
	return err
}

// Rejected counts the calls of which the collector did not take every span.
func (x *Exporter) Rejected() int64 { return x.rejected.Load() }

// restore reads the position, or begins anew, which is recorded at once: an entry
// that follows is not to be missed.
func (x *Exporter) restore() error {
	text, err := os.ReadFile(x.opt.Cursor)
	if errors.Is(err, fs.ErrNotExist) {
		return x.save(x.opt.From)
	}
	if err == nil {
		err = json.Unmarshal(text, &x.pos)
	}
	if err != nil {
		return fmt.Errorf("position of the export: %w; without the file %s it begins with what comes next", err, x.opt.Cursor)
	}
	return nil
}

func (x *Exporter) save(pos ledger.Position) error {
	text, err := json.Marshal(pos)
	if err != nil {
		return err
	}
	next := x.opt.Cursor + ".new"
	f, err := os.OpenFile(filepath.Clean(next), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, x.opt.Cursor)
	}
	if err == nil {
		x.pos = pos
	}
	return err
}

// Close sends the metrics that have not been yet.
func (x *Exporter) Close(ctx context.Context) error {
	if x.metrics == nil {
		return nil
	}
	return x.metrics.provider.Shutdown(ctx)
}
