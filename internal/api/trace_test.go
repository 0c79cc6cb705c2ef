package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadTrace(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, test := range map[string]struct {
		headers map[string]string
		want    trace
	}{
		"Portkey's headers": {map[string]string{"x-portkey-trace-id": "t", "x-portkey-span-id": "s", "x-portkey-parent-span-id": "p", "x-portkey-span-name": "n"},
			trace{"t", "s", "p", "n"}},
		"traceparent": {map[string]string{"traceparent": "00-" + id + "-" + span + "-01"}, trace{id, "", span, "POST /v1/x"}},
		"both":        {map[string]string{"x-portkey-trace-id": "t", "traceparent": "00-" + id + "-" + span + "-01"}, trace{"t", "", "", "POST /v1/x"}},
		"line breaks": {map[string]string{"x-portkey-trace-id": "a\x01b"}, trace{"ab", "", "", "POST /v1/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/x", nil)
			for k, v := range test.headers {
				r.Header.Set(k, v)
			}
			if got := readTrace(r); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	for _, bad := range []string{"", "00-" + id, "00-" + strings.ToUpper(id) + "-" + span + "-01", "00-00000000000000000000000000000000-" + span + "-01", "x-y-z-w"} {
		r := httptest.NewRequest(http.MethodPost, "/v1/x", nil)
		r.Header.Set("traceparent", bad)
		if got := readTrace(r); len(got.id) != 36 {
			t.Errorf("traceparent %q gave the trace %q, want a new one", bad, got.id)
		}
	}
}

func TestReadMetadata(t *testing.T) {
	long := strings.Repeat("x", 129)
	for name, test := range map[string]struct {
		header, baggage string
		defaults, want  map[string]string
	}{
		"none":                     {"", "", nil, nil},
		"only the key's":           {"", "", map[string]string{"a": "1"}, map[string]string{"a": "1"}},
		"the key beats the call":   {`{"a":"2","b":"3"}`, "", map[string]string{"a": "1"}, map[string]string{"a": "1", "b": "3"}},
		"the header beats baggage": {`{"a":"2"}`, "a=9, c=x%20y;p=1", nil, map[string]string{"a": "2", "c": "x y"}},
		"only short strings":       {`{"a":1,"b":"` + long + `","c":"ok"}`, "", nil, map[string]string{"c": "ok"}},
		"not JSON":                 {`{a:1}`, "", nil, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if test.header != "" {
				h.Set("X-Portkey-Metadata", test.header)
			}
			if test.baggage != "" {
				h.Set("Baggage", test.baggage)
			}
			if d := cmp.Diff(test.want, readMetadata(h, test.defaults)); d != "" {
				t.Error(d)
			}
		})
	}
}
