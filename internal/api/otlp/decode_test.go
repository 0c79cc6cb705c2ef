package otlp

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
)

func post(kind, packing string, body []byte) *http.Request {
	r := httptest.NewRequest("POST", "/v1/otel/v1/traces", bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Content-Encoding", packing)
	return r
}

func packed(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func call1(spans ...*tracepb.Span) *coltrace.ExportTraceServiceRequest {
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}}}}}
}

// nested is an attribute whose value is in n arrays, as protobuf has them.
func nested(n int) any {
	var v any = "x"
	for range n {
		v = []any{v}
	}
	return v
}

func TestBodiesOutOfBoundsAreNotDecoded(t *testing.T) {
	a := New(Deps{MaxBody: 4 << 20})
	deep, err := proto.Marshal(call1(spanOf(map[string]any{"a": nested(40)})))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		r    *http.Request
		want int
		says string
	}{
		"another media type":        {post("text/plain", "", nil), 415, "Content-Type"},
		"another packing":           {post("application/json", "br", nil), 415, "Content-Encoding"},
		"no gzip":                   {post("application/json", "gzip", []byte("{}")), 400, "gzip"},
		"a bomb":                    {post("application/json", "gzip", packed(t, make([]byte, 64<<20))), 413, "when it is unpacked"},
		"not protobuf":              {post("application/x-protobuf", "", []byte("\xff\xff\xff")), 400, "no OTLP message"},
		"not JSON":                  {post("application/json", "", []byte(`{"resourceSpans":`)), 400, "no OTLP message"},
		"a million empty spans":     {post("application/x-protobuf", "", manyEmpty(maxParts+1)), 413, "parts"},
		"a million empty resources": {post("application/json", "", []byte(`{"resourceSpans":[`+strings.Repeat("{},", maxParts/2+1)+`{}]}`)), 413, "parts"},
		"deep protobuf":             {post("application/x-protobuf", "", deep), 400, "levels deep"},
		"deep JSON":                 {post("application/json", "", []byte(strings.Repeat("[", 100_000))), 400, "levels deep"},
		"deep JSON that is unknown": {post("application/json", "", []byte(`{"x":`+strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 101))), 400, "levels deep"},
	} {
		_, err := a.decode(c.r, &coltrace.ExportTraceServiceRequest{})
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.HTTPStatus() != c.want || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v, want %d and %q", name, err, c.want, c.says)
		}
	}
}

// manyEmpty is a call with n spans of two bytes each.
func manyEmpty(n int) []byte {
	inner := bytes.Repeat([]byte{0x12, 0}, n) // ScopeSpans.spans
	for _, tag := range []byte{0x12, 0x0a} {  // ResourceSpans.scope_spans, resource_spans
		head := []byte{tag}
		for v := len(inner); ; v >>= 7 {
			if v < 0x80 {
				head = append(head, byte(v))
				break
			}
			head = append(head, byte(v)|0x80)
		}
		inner = append(head, inner...)
	}
	return inner
}

// Both encodings, packed or not, tell the same; ids are hexadecimal in JSON.
func TestEncodingsAgree(t *testing.T) {
	want := call1(spanOf(map[string]any{"gen_ai.request.model": "m", "n": 3, "f": 0.5, "list": nested(5)}))
	bin, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	js, err := protojson.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range [][]byte{[]byte("0123456789abcdef"), []byte("01234567")} { // as OTLP has it
		b64 := strings.Trim(string(must(protojson.Marshal(&tracepb.Span{TraceId: id}))), `{}`)
		_, value, _ := strings.Cut(b64, ":")
		js = bytes.ReplaceAll(js, []byte(strings.TrimSpace(value)), []byte(`"`+hex.EncodeToString(id)+`"`))
	}
	for name, r := range map[string]*http.Request{
		"protobuf": post("application/x-protobuf", "", bin), "protobuf, packed": post("application/x-protobuf", "gzip", packed(t, bin)),
		"JSON": post("application/json; charset=utf-8", "", js), "JSON, packed": post("application/json", "gzip", packed(t, js)),
	} {
		var got coltrace.ExportTraceServiceRequest
		if _, err := New(Deps{MaxBody: 1 << 20}).decode(r, &got); err != nil {
			t.Fatal(name, err)
		}
		s := got.ResourceSpans[0].ScopeSpans[0].Spans[0]
		if hexID(s.TraceId, 16) != hex.EncodeToString([]byte("0123456789abcdef")) || hexID(s.SpanId, 8) != hex.EncodeToString([]byte("01234567")) {
			t.Errorf("%s: ids %x and %x", name, s.TraceId, s.SpanId)
		}
		s.TraceId, s.SpanId = want.ResourceSpans[0].ScopeSpans[0].Spans[0].TraceId, want.ResourceSpans[0].ScopeSpans[0].Spans[0].SpanId
		if !proto.Equal(want, &got) {
			t.Errorf("%s: %v", name, &got)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// Errors are Status messages in the encoding of the request, and those that pass
// say when to come back.
func TestRefusals(t *testing.T) {
	for kind, unmarshal := range map[string]func([]byte, proto.Message) error{"application/x-protobuf": proto.Unmarshal, "application/json": protojson.Unmarshal} {
		for _, c := range []struct {
			e     *ai.Error
			code  int32
			after string
		}{
			{ai.Errorf(ai.Unavailable, "busy"), 14, "5"}, {ai.Errorf(ai.Unauthenticated, "who"), 16, ""}, {ai.Errorf(ai.Forbidden, "no"), 7, ""}, {ai.Errorf(ai.TooLarge, "long"), 3, ""},
		} {
			got := refusal(post(kind, "", nil), c.e)
			var s status.Status
			if err := unmarshal(got.Body.(admin.Raw), &s); err != nil || s.Code != c.code || s.Message != c.e.Message || got.Header.Get("Retry-After") != c.after ||
				got.Header.Get("Content-Type") != kind || got.Status != c.e.HTTPStatus() {
				t.Errorf("%s, %v: %+v, %v", kind, c.e, got, err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(true, must(proto.Marshal(call1(spanOf(map[string]any{"gen_ai.request.model": "m", "gen_ai.prompt.0.content": "x"})))))
	f.Add(false, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1777636800000000000","attributes":[{"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[null,{}]}]"}},{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, isBinary bool, body []byte) {
		kind := text
		if isBinary {
			kind = binary
		}
		var in coltrace.ExportTraceServiceRequest
		if _, err := New(Deps{MaxBody: 1 << 20}).decode(post(string(kind), "", body), &in); err != nil {
			return
		}
		m := testMapper(t)
		for _, l := range m.traces(in.GetResourceSpans()) {
			if l.Span == nil || l.Entry.TraceID == "" {
				t.Errorf("a span is lost: %+v", l)
			}
		}
	})
}
