package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ledger"
)

// FuzzTrace expects ids and metadata that are bounded and break no log line,
// whatever the headers say, and the key's own metadata untouched.
func FuzzTrace(f *testing.F) {
	f.Add("trace", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", `{"_user":"u","n":7}`, "a=b;c, d=%20")
	f.Add(strings.Repeat("é", 200), "00-", `{"team":"x"`, "=,;=%zz")
	f.Fuzz(func(t *testing.T, id, parent, metadata, baggage string) {
		r := httptest.NewRequest(http.MethodPost, "/v1/x", nil)
		r.Header = http.Header{"X-Portkey-Trace-Id": {id}, "Traceparent": {parent}, "X-Portkey-Metadata": {metadata}, "Baggage": {baggage}}
		got := readTrace(r)
		if got.id == "" || len(got.id) > 256 || strings.ContainsAny(got.id, "\r\n\x00") || utf8.ValidString(id) && !utf8.ValidString(got.id) {
			t.Errorf("trace id %q of %q", got.id, id)
		}
		own := map[string]string{"team": "red", "cost-centre": "7"}
		all, receipts := readMetadata(r.Header, own)
		if err := ledger.CheckPairs(all); err != nil || all["team"] != "red" || all["cost-centre"] != "7" {
			t.Errorf("metadata %v: %v", all, err)
		}
		for _, r := range receipts {
			if !utf8.ValidString(r.Path) || len(r.Path) > 128 || r.Reason == "" {
				t.Errorf("receipt %q", r)
			}
		}
	})
}
