package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/portico-ai/portico/internal/ledger"
)

// The boundaries that the conventions advise.
var (
	tokenBounds    = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	durationBounds = []float64{.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	firstBounds    = []float64{.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
)

// genAIMetrics are the conventions' metrics, sent every so often. The SDK bounds
// the number of combinations of attributes.
type genAIMetrics struct {
	provider     *sdkmetric.MeterProvider
	providerName func(string) string

	tokens          metric.Int64Histogram
	duration, first metric.Float64Histogram
}

const maxCombinations = 2000 // of a metric's attributes; beyond them all are one

func newGenAIMetrics(ctx context.Context, opt ExportOptions) (*genAIMetrics, error) {
	c := opt.Metrics
	o := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpointURL(c.Endpoint), otlpmetrichttp.WithHeaders(c.Headers), otlpmetrichttp.WithTimeout(c.Timeout), otlpmetrichttp.WithHTTPClient(opt.HTTP),
		otlpmetrichttp.WithCompression(otlpmetrichttp.NoCompression),
	}
	if c.Gzip {
		o = append(o, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	}
	exporter, err := otlpmetrichttp.New(ctx, o...)
	if err != nil {
		return nil, err
	}
	var attributes []attribute.KeyValue
	for key, v := range opt.Resource {
		attributes = append(attributes, attribute.String(key, v))
	}
	m := &genAIMetrics{providerName: opt.ProviderName, provider: sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(resource.NewWithAttributes(schemaURL, attributes...)), sdkmetric.WithCardinalityLimit(maxCombinations),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(opt.Every), sdkmetric.WithTimeout(c.Timeout))))}
	meter := m.provider.Meter(scopeName, metric.WithInstrumentationVersion(opt.Version), metric.WithSchemaURL(schemaURL))
	if m.tokens, err = meter.Int64Histogram("gen_ai.client.token.usage", metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(tokenBounds...)); err != nil {
		return nil, err
	}
	if m.duration, err = meter.Float64Histogram("gen_ai.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("GenAI operation duration."), metric.WithExplicitBucketBoundaries(durationBounds...)); err != nil {
		return nil, err
	}
	m.first, err = meter.Float64Histogram("gen_ai.server.time_to_first_token", metric.WithUnit("s"),
		metric.WithDescription("Time to generate first token for successful responses."), metric.WithExplicitBucketBoundaries(firstBounds...))
	return m, err
}

func (m *genAIMetrics) observe(ctx context.Context, e *ledger.Entry) {
	about := []attribute.KeyValue{semconv.GenAIOperationNameKey.String(operationName(e.Op)), semconv.GenAIProviderNameKey.String(m.providerName(e.Provider))}
	if e.AskModel != "" {
		about = append(about, semconv.GenAIRequestModelKey.String(e.AskModel))
	}
	if e.Model != "" {
		about = append(about, semconv.GenAIResponseModelKey.String(e.Model))
	}
	with := func(more attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(append(about[:len(about):len(about)], more)...)
	}
	if e.Usage.Known {
		m.tokens.Record(ctx, e.Usage.InputTokens, with(semconv.GenAITokenTypeInput))
		m.tokens.Record(ctx, e.Usage.OutputTokens, with(semconv.GenAITokenTypeOutput))
	}
	took := metric.WithAttributes(about...)
	if !e.Succeeded() {
		took = with(semconv.ErrorTypeKey.String(errorType(e)))
	}
	m.duration.Record(ctx, float64(e.TotalMicros)/1e6, took)
	if e.FirstTokenMicros > 0 && e.Succeeded() {
		m.first.Record(ctx, float64(e.FirstTokenMicros)/1e6, metric.WithAttributes(about...))
	}
}
