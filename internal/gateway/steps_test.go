package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ledger"
)

// An operation of several requests ends with the first that fails, and no key
// follows the file to where others keep it.
func TestStepsThatFail(t *testing.T) {
	asked := []string{}
	handlers := map[string]http.HandlerFunc{"fireworks-ai": func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.Method+" "+req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]+" "+req.Header.Get("Authorization"))
		switch {
		case req.Method == http.MethodPut:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>The signature has expired.</Message></Error>")
		case strings.HasSuffix(req.URL.Path, ":getUploadEndpoint"):
			_, _ = io.WriteString(w, `{"filenameToSignedUrls":{"input.jsonl":"http://`+req.Host+`/store/x"}}`)
		default:
			_, _ = io.WriteString(w, `{"name":"accounts/acme/datasets/d"}`)
		}
	}}
	r := newRig(t, handlers)
	c := r.uploadBatch(t, line("m", ""), "batch")
	c.Headers = http.Header{"X-Portkey-Virtual-Key": {"my-fireworks-ai"}, "X-Portkey-Fireworks-Account-Id": {"acme"}}
	c.ID = "id"
	status, _, body := r.answer(t, c)
	if status != 403 || !strings.Contains(body, "The signature has expired.") {
		t.Errorf("status %d, body %s", status, body)
	}
	want := "POST datasets Bearer sk-stored-fireworks-ai|POST portico-id:getUploadEndpoint Bearer sk-stored-fireworks-ai|PUT x "
	if got := strings.Join(asked, "|"); got != want {
		t.Errorf("it was asked for %s, want %s", got, want)
	}
	e := r.ledger.only(t)
	if e.State != ledger.Failed || strings.Contains(e.URL, "store") {
		t.Errorf("the entry is %+v", e)
	}
}
