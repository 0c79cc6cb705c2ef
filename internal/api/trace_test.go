package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReadTrace(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, test := range map[string]struct {
		headers map[string]string
		want    trace
	}{
		"Portkey's headers": {map[string]string{"x-portkey-trace-id": "t", "x-portkey-span-id": "s", "x-portkey-parent-span-id": "p", "x-portkey-span-name": "n"},
			trace{"t", "s", "p", "n"}},
		"traceparent":     {map[string]string{"traceparent": "00-" + id + "-" + span + "-01"}, trace{id, "", span, "POST /v1/x"}},
		"both":            {map[string]string{"x-portkey-trace-id": "t", "traceparent": "00-" + id + "-" + span + "-01"}, trace{"t", "", "", "POST /v1/x"}},
		"a later version": {map[string]string{"traceparent": "01-" + id + "-" + span + "-01-more"}, trace{id, "", span, "POST /v1/x"}},
		"line breaks":     {map[string]string{"x-portkey-trace-id": "a\x01b"}, trace{"ab", "", "", "POST /v1/x"}},
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
	for _, bad := range []string{"", "00-" + id, "00-" + id + "-" + span + "-01-more", "ff-" + id + "-" + span + "-01", "00-" + id + "-" + span + "-1", "00-" + strings.ToUpper(id) + "-" + span + "-01", "00-00000000000000000000000000000000-" + span + "-01", "x-y-z-w"} {
		r := httptest.NewRequest(http.MethodPost, "/v1/x", nil)
		r.Header.Set("traceparent", bad)
		if got := readTrace(r); len(got.id) != 36 {
			t.Errorf("traceparent %q gave the trace %q, want a new one", bad, got.id)
		}
	}
}
