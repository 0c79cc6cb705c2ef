package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

// edit makes a call whose body is a form with pictures of the names, each holding
// "hi".
func (r *rig) edit(t *testing.T, op ai.Op, fields []string, pictures ...string) *gateway.Call {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1])
	}
	for _, name := range pictures {
		file, _ := w.CreateFormFile(name, "x.png")
		_, _ = io.WriteString(file, "hi")
	}
	_ = w.Close()
	f, err := form.Read(&b, w.Boundary(), spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	c := r.media(op, "/images/edits", string(f.Fields()))
	c.Upload = f
	return c
}

// A task of several round trips is one call: with the key on every trip, one
// entry, and the cost of what it made.
func TestPicturesThatAreAskedAfter(t *testing.T) {
	for name, test := range map[string]struct {
		provider, model string
		replies         []string // the last again and again
		seen            []string
		status          int
		says            string
		nano            int64
		known           bool
	}{
		"black forest labs": {"black-forest-labs", "flux-kontext-pro",
			[]string{`{"id":"t1","polling_url":"BASE/v1/get_result?id=t1"}`, `{"id":"t1","status":"Pending"}`, `{"id":"t1","status":"Ready","result":{"sample":"https://x/1.jpeg"}}`},
			[]string{"POST /v1/flux-kontext-pro", "GET /v1/get_result?id=t1", "GET /v1/get_result?id=t1"}, 200, `"data":[{"url":"https://x/1.jpeg"}]`, 40_000_000, true},
		"held back": {"black-forest-labs", "flux-kontext-pro", []string{`{"id":"t1"}`, `{"id":"t1","status":"Content Moderated"}`},
			[]string{"POST /v1/flux-kontext-pro", "GET /v1/get_result?id=t1"}, 400, "content_policy_violation", 0, false},
		"an address of another's": {"black-forest-labs", "flux-kontext-pro", []string{`{"id":"t1","polling_url":"https://evil.example/r"}`},
			[]string{"POST /v1/flux-kontext-pro"}, 502, "is not its own", 0, false},
		"fireworks": {"fireworks-ai", "flux-kontext-pro", []string{`{"request_id":"t1"}`, `{"id":"t1","status":"Ready","result":{"sample":"https://x/1.jpeg"}}`},
			[]string{"POST /v1/workflows/accounts/fireworks/models/flux-kontext-pro", "POST /v1/workflows/accounts/fireworks/models/flux-kontext-pro/get_result"}, 200, `"url":"https://x/1.jpeg"`, 0, false},
		"replicate": {"replicate", "a/b", []string{`{"id":"p1","status":"starting","output":null}`, `{"id":"p1","status":"processing"}`, `{"id":"p1","status":"succeeded","output":"https://x/1.png"}`},
			[]string{"POST /v1/models/a/b/predictions", "GET /v1/predictions/p1", "GET /v1/predictions/p1"}, 200, `"url":"https://x/1.png"`, 0, false},
		"gone in between": {"replicate", "a/b", []string{`{"id":"p1","status":"starting"}`, `404 {"detail":"not found"}`},
			[]string{"POST /v1/models/a/b/predictions", "GET /v1/predictions/p1"}, 404, "not found", 0, false},
		"cut short for once": {"replicate", "a/b", []string{`{"id":"p1","status":"starting"}`, `cut`, `{"id":"p1","status":"succeeded","output":["https://x/1.png"]}`},
			[]string{"POST /v1/models/a/b/predictions", "GET /v1/predictions/p1", "GET /v1/predictions/p1"}, 200, `"url":"https://x/1.png"`, 0, false},
		"cut short for good": {"replicate", "a/b", []string{`{"id":"p1","status":"starting"}`, `cut`, `cut`, `cut`, `cut`, `cut`, `{}`},
			[]string{"POST /v1/models/a/b/predictions", "GET /v1/predictions/p1", "GET /v1/predictions/p1", "GET /v1/predictions/p1", "GET /v1/predictions/p1", "GET /v1/predictions/p1",
				"POST /v1/predictions/p1/cancel"}, 502, "cut short", 0, false},
		"busy for a while": {"replicate", "a/b", []string{`{"id":"p1","status":"starting"}`, `429 {"detail":"slow down"}`, `503 oops`, `{"id":"p1","status":"succeeded","output":["https://x/1.png"]}`},
			[]string{"POST /v1/models/a/b/predictions", "GET /v1/predictions/p1", "GET /v1/predictions/p1", "GET /v1/predictions/p1"}, 200, `"url":"https://x/1.png"`, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var turn atomic.Int32
			r := newRig(t, map[string]http.HandlerFunc{test.provider: func(w http.ResponseWriter, req *http.Request) {
				n := min(int(turn.Add(1)), len(test.replies)) - 1
				body := strings.ReplaceAll(test.replies[n], "BASE", "http://"+req.Host)
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Retry-After", "0")
				if body == "cut" {
					w.Header().Set("Content-Length", "100")
				}
				var status int
				if _, err := fmt.Sscanf(body, "%d ", &status); err == nil {
					w.WriteHeader(status)
					body = body[4:]
				}
				_, _ = io.WriteString(w, body)
			}})
			c := r.media(ai.ImageGenerate, "/images/generations", `{"model":"`+test.model+`","prompt":"a fox"}`, "x-portkey-virtual-key", "my-"+test.provider)
			status, _, body := r.answer(t, c)
			if status != test.status || !strings.Contains(body, test.says) {
				t.Errorf("%d %s", status, body)
			}
			close(r.requests)
			var seen []string
			for req := range r.requests {
				seen = append(seen, req.Method+" "+req.URL.RequestURI())
				if key := req.Header.Get("Authorization") + req.Header.Get("X-Key"); !strings.Contains(key, "sk-stored-"+test.provider) {
					t.Errorf("%s had the key %q", req.URL, key)
				}
			}
			if fmt.Sprint(seen) != fmt.Sprint(test.seen) {
				t.Errorf("the provider was asked %q", seen)
			}
			e := r.ledger.only(t)
			wantCost(t, e, test.nano, test.known)
			if len(e.Attempts) != 1 {
				t.Errorf("%d attempts", len(e.Attempts))
			}
		})
	}
}

// A job that nobody waits for any longer is given up where that can be done.
func TestJobsAreGivenUp(t *testing.T) {
	for name, leave := range map[string]bool{"the client left": true, "the time is over": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, cancelled := make(chan struct{}, 10), make(chan string, 1)
			r := newRig(t, map[string]http.HandlerFunc{"replicate": func(w http.ResponseWriter, req *http.Request) {
				if strings.HasSuffix(req.URL.Path, "/cancel") {
					cancelled <- req.Method + " " + req.URL.Path + " " + req.Header.Get("Authorization")
				}
				asked <- struct{}{}
				reply(200, `{"id":"p1","status":"processing","output":null}`)(w, req)
			}})
			c := r.media(ai.ImageGenerate, "/images/generations", `{"model":"a/b","prompt":"a fox"}`, "x-portkey-virtual-key", "my-replicate")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if leave {
				go func() {
					<-asked
					<-asked // the job is known by then
					cancel()
				}()
			} else {
				c.Headers.Set("X-Portkey-Request-Timeout", "700")
			}
			got := r.Do(ctx, c)
			if leave && got.Status != 499 || !leave && (got.Status != 408 || !strings.Contains(string(got.Body), "700ms")) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			select {
			case at := <-cancelled:
				if at != "POST /v1/predictions/p1/cancel Bearer sk-stored-replicate" {
					t.Error(at)
				}
			default:
				t.Error("it was not cancelled")
			}
			e := r.ledger.only(t)
			if want := map[bool]ledger.State{true: ledger.ClientGone, false: ledger.Failed}[leave]; e.State != want {
				t.Errorf("state %v", e.State)
			}
		})
	}
}

// The pause between two questions is the provider's.
func TestThePauseIsTheProviders(t *testing.T) {
	var turn atomic.Int32
	r := newRig(t, map[string]http.HandlerFunc{"black-forest-labs": func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Retry-After", "1")
		if turn.Add(1) == 1 {
			reply(200, `{"id":"t1"}`)(w, req)
			return
		}
		reply(200, `{"id":"t1","status":"Ready","result":{"sample":"https://x/1"}}`)(w, req)
	}})
	began := time.Now()
	status, _, _ := r.answer(t, r.media(ai.ImageGenerate, "/images/generations", `{"model":"flux-2-pro","prompt":"a fox"}`, "x-portkey-virtual-key", "my-black-forest-labs"))
	if took := time.Since(began); status != 200 || took < time.Second {
		t.Errorf("%d after %v", status, took)
	}
}

// Edits reach providers of other formats with the pictures inside, and come back
// in OpenAI's with their cost.
func TestEditsAreTranslated(t *testing.T) {
	const aGk = `aGk=`
	for name, test := range map[string]struct {
		provider, model, reply string
		sent                   string // a part of what the provider gets, after the path
		nano                   int64
		known                  bool
	}{
		"a form": {"stability-ai", "inpaint", `{"image":"aGk=","finish_reason":"SUCCESS"}`, "/v1/v2beta/stable-image/edit/inpaint multipart hi", 5_000_000, true},
		"JSON": {"fal-ai", "fal-ai/flux-pro/kontext", `{"images":[{"url":"https://x/1"}]}`,
			`/v1/fal-ai/flux-pro/kontext "image_url":"data:text/plain; charset=utf-8;base64,aGk="`, 40_000_000, true},
		"gemini": {"google", "gemini-3-pro-image", `{"candidates":[{"content":{"parts":[{"text":"Here"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]},"finishReason":"STOP"}],` +
			`"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":1120,"totalTokenCount":2120,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120}]},"modelVersion":"gemini-3-pro-image"}`,
			`/v1/models/gemini-3-pro-image:generateContent "inlineData":{"mimeType":`, 1000*2_000 + 1120*120_000, true},
		"bedrock": {"bedrock", "amazon.nova-canvas-v1:0", `{"images":["aGk="],"error":null}`, `/v1/model/amazon.nova-canvas-v1%3A0/invoke "taskType":"IMAGE_VARIATION"`, 60_000_000, true},
		"recraft": {"recraft-ai", "recraftv3", `{"created":1,"credits":40,"data":[{"image_id":"i","url":"https://x/1"}]}`, `/v1/images/imageToImage "strength":0.5`, 40_000_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{test.provider: answers("application/json", test.reply)})
			c := r.edit(t, ai.ImageEdit, []string{"model", test.model, "prompt", "a hat", "n", "1"}, "image")
			c.Headers.Set("x-portkey-virtual-key", "my-"+test.provider)
			if test.provider == "bedrock" {
				c.Headers.Set("X-Portkey-Aws-Region", "us-east-1")
			}
			status, _, body := r.answer(t, c)
			var got struct {
				Data []struct{ URL, B64JSON string }
			}
			if err := json.Unmarshal([]byte(strings.ReplaceAll(body, "b64_json", "B64JSON")), &got); err != nil || status != 200 || len(got.Data) != 1 || got.Data[0].B64JSON != aGk && got.Data[0].URL != "https://x/1" {
				t.Fatalf("%d %s", status, body)
			}
			seen := <-r.requests
			content, _ := io.ReadAll(seen.Body)
			path, part, _ := strings.Cut(test.sent, " ")
			if kind, inside, ok := strings.Cut(part, " "); ok && kind == "multipart" {
				part = inside
				if !strings.HasPrefix(seen.Header.Get("Content-Type"), "multipart/form-data") {
					t.Errorf("sent as %s", seen.Header.Get("Content-Type"))
				}
			}
			if seen.URL.EscapedPath() != path || !strings.Contains(string(content), part) {
				t.Errorf("the provider got %s %s", seen.URL.EscapedPath(), content)
			}
			wantCost(t, r.ledger.only(t), test.nano, test.known)
		})
	}
}

// A provider that edits nothing is passed over.
func TestEditsFallBack(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{
		"hyperbolic": answers("application/json", `{}`),
		"openai":     answers("application/json", `{"created":1,"data":[{"b64_json":"aGk="}]}`),
	})
	c := r.edit(t, ai.ImageEdit, []string{"model", "gpt-image-1", "prompt", "a hat"}, "image[]", "image[]")
	c.Headers.Set("x-portkey-config", `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-hyperbolic"},{"virtual_key":"my-openai"}]}`)
	status, header, body := r.answer(t, c)
	if status != 200 || header.Get("X-Portkey-Last-Used-Option-Index") != "config.targets[1]" {
		t.Fatalf("%d %s", status, body)
	}
	seen := <-r.requests
	if err := seen.ParseMultipartForm(1 << 20); err != nil || len(seen.MultipartForm.File["image[]"]) != 2 {
		t.Errorf("the form was not passed on as it came: %v", err)
	}
	if _, _, err := seen.FormFile("image"); !errors.Is(err, http.ErrMissingFile) {
		t.Error(err)
	}
}
