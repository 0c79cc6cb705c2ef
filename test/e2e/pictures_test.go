package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portico-ai/portico/test/corpus"
)

// editing is a form as OpenAI's clients send one to edit a picture: a transparent
// mask, and the picture itself.
func editing(t *testing.T, fields ...string) (body []byte, contentType string) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	m.SetNRGBA(0, 0, color.NRGBA{A: 255})
	var picture, b bytes.Buffer
	if err := png.Encode(&picture, m); err != nil {
		t.Fatal(err)
	}
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	for _, name := range []string{"image[]", "mask"} {
		file, _ := w.CreateFormFile(name, name+".png")
		_, _ = file.Write(picture.Bytes())
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// An edit reaches a provider of another format as its own form, the mask white
// where it was transparent.
func TestEditIsTranslated(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"stability-ai": m.URL})
	m.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"image":"aGk=","finish_reason":"SUCCESS","seed":1}`)
	})
	body, contentType := editing(t, "model", "inpaint", "prompt", "a hat", "user", "u")
	got := s.call("POST", "/v1/images/edits", workspaceKey, body, "Content-Type", contentType, "X-Portkey-Provider", "stability-ai", "Authorization", "Bearer sk-upstream")
	if got.Status != 200 || !strings.Contains(got.Body, `"data":[{"b64_json":"aGk="}]`) {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	seen, sent := m.asked()
	seen.Body = io.NopCloser(bytes.NewReader(sent))
	if err := seen.ParseMultipartForm(1 << 20); err != nil || seen.URL.Path != "/v2beta/stable-image/edit/inpaint" || seen.FormValue("prompt") != "a hat" || seen.FormValue("user") != "" {
		t.Fatalf("Stability AI saw %s %v (%v)", seen.URL, seen.MultipartForm, err)
	}
	file, _, err := seen.FormFile("mask")
	if err != nil {
		t.Fatal(err)
	}
	mask, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if gray, ok := mask.(*image.Gray); !ok || !bytes.Equal(gray.Pix, []byte{0, 255}) {
		t.Errorf("the mask is %v", mask)
	}
	if _, _, err := seen.FormFile("image"); err != nil {
		t.Error(err)
	}
	detail := s.call("GET", "/v1/logs/"+got.id(), workspaceKey, nil)
	if !strings.Contains(detail.Body, "the provider has nothing like it") || number(s.row(got)["cost"]) != 0.5 { // cents
		t.Errorf("the log says %.2000s", detail.Body)
	}
}

// A picture that Black Forest Labs makes by and by is one answer to the client,
// after what it said on record while it was not done.
func TestPictureThatIsAskedAfter(t *testing.T) {
	t.Parallel()
	pending := `{"id":"t1","status":"Pending","result":null,"progress":null,"details":null,"preview":null}`
	for _, e := range corpus.Exchanges(t, "black-forest-labs", "other") {
		if e.Status == 200 {
			pending = string(e.Body())
		}
	}
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"black-forest-labs": m.URL + "/v1"})
	var asked atomic.Int32
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch n := asked.Add(1); {
		case r.Header.Get("X-Key") != "sk-upstream":
			w.WriteHeader(http.StatusForbidden)
		case n == 1:
			fmt.Fprintf(w, `{"id":"t1","polling_url":"http://%s/v1/get_result?id=t1","cost":4.0}`, r.Host)
		case n == 2:
			_, _ = io.WriteString(w, pending)
		default:
			_, _ = io.WriteString(w, `{"id":"t1","status":"Ready","result":{"sample":"https://delivery.bfl.ai/1.jpeg","seed":1}}`)
		}
	})
	got := s.call("POST", "/v1/images/generations", workspaceKey, []byte(`{"model":"flux-kontext-pro","prompt":"a fox","size":"1024x1024"}`),
		"X-Portkey-Provider", "black-forest-labs", "Authorization", "Bearer sk-upstream")
	if got.Status != 200 || !strings.Contains(got.Body, `"data":[{"url":"https://delivery.bfl.ai/1.jpeg"}]`) || asked.Load() != 3 {
		t.Fatalf("%d %s after %d", got.Status, got.Body, asked.Load())
	}
	if seen, _ := m.asked(); seen.Method != "GET" || seen.URL.RequestURI() != "/v1/get_result?id=t1" {
		t.Errorf("it was asked %s %s", seen.Method, seen.URL)
	}
	if row := s.row(got); number(row["cost"]) != 4 {
		t.Errorf("logged with cost %v", row["cost"])
	}
}

// One model, as the SDKs of three vendors ask for it.
func TestOneModel(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"openai": m.URL + "/v1"})
	m.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	slug := s.virtualKey("one", "openai", map[string]any{"key": "sk-upstream-0123456789"})
	id := "@" + slug + "/gpt-4o"
	for _, test := range []struct {
		path   string
		header string
		status int
		says   string
	}{
		{"/v1/models/" + id, "", 200, `"object":"model"`},
		{"/v1/models/@" + slug + "%2Fgpt-4o", "", 200, `"id":"` + id + `"`},
		{"/v1/models/" + id, "Anthropic-Version", 200, `"type":"model"`},
		{"/v1/v1/models", "Anthropic-Version", 200, `"has_more":false`},
		{"/v1beta/models/" + id, "", 200, `"name":"models/` + id + `"`},
		{"/v1/models/nothing", "", 404, `"code":"model_not_found"`},
		{"/v1/models/nothing", "Anthropic-Version", 404, `"type":"not_found_error"`},
		{"/v1beta/models/nothing", "", 404, `"status":"NOT_FOUND"`},
		{"/v1/models/a%2F..%2F..%2Flogs", "", 400, "dot segments"},
		{"/v1/models/a%2F%2Fb", "", 400, "empty segments"},
	} {
		headers := []string{"X-Other", ""}
		if test.header != "" {
			headers = []string{test.header, "2023-06-01"}
		}
		got := s.call("GET", test.path, workspaceKey, nil, headers...)
		if got.Status != test.status || !strings.Contains(got.Body, test.says) {
			t.Errorf("%s (%s): %d %s", test.path, test.header, got.Status, got.Body)
		}
	}
	if seen, _ := m.asked(); seen != nil {
		t.Errorf("the provider was asked for %s", seen.URL)
	}
	got := s.call("POST", "/v1/responses/compact", workspaceKey, []byte(`{"model":"claude-sonnet-4-5","input":"hi"}`), "X-Portkey-Provider", "anthropic", "Authorization", "Bearer sk-upstream")
	if got.Status != 501 || !strings.Contains(got.Body, "compactModelResponse is not supported by anthropic") {
		t.Errorf("compaction elsewhere: %d %s", got.Status, got.Body)
	}
}
