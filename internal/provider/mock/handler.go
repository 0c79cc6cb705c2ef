package mock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Header is the request header that scripts a single request.
const Header = "X-Portico-Mock"

// created is the time stamp of every reply: a reply never depends on the clock.
const created = 1735689600

const maxBody = 32 << 20

// A Handler is the mock provider. It is safe for concurrent use.
type Handler struct {
	director *director
	now      func() time.Time
}

// New makes a Handler that follows the script, or none if it is nil.
func New(script *Script) *Handler {
	return &Handler{director: newDirector(script), now: time.Now}
}

// A response is a whole reply, or the events of a stream.
type response struct {
	dialect dialect
	id      string
	plain   []byte
	events  []event
}

type event struct {
	name string // "" for a data-only event
	data []byte
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := strings.TrimPrefix(r.URL.Path, "/v1")
	d := openAI
	if strings.HasPrefix(route, "/messages") || r.Header.Get("Anthropic-Version") != "" {
		d = anthropic
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		d.fail(w, http.StatusRequestEntityTooLarge, "the request body could not be read, or is larger than 32 MiB")
		return
	}
	parsed := gjson.ParseBytes(body)
	directives, err := h.directives(r, parsed)
	if err != nil {
		d.fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if h.limited(w, r, d, parsed) || h.fails(w, r, d, directives) {
		return
	}
	resp, status, err := answerRoute(r.Method, route, body, directives.Reply)
	if err != nil {
		d.fail(w, status, err.Error())
		return
	}
	resp.dialect = d
	play(w, r, directives, resp)
}

// directives finds what scripts this request: its header, its model name, or
// the script.
func (h *Handler) directives(r *http.Request, body gjson.Result) (Directives, error) {
	if s := r.Header.Get(Header); s != "" {
		return ParseDirectives(s)
	}
	model, inline, _ := strings.Cut(body.Get("model").String(), ":")
	if strings.HasPrefix(model, "mock-") && inline != "" {
		return ParseDirectives(inline)
	}
	return h.director.direct(model, r.URL.Path), nil
}

// limited counts the request against the script's limits and answers it if one
// is exceeded.
func (h *Handler) limited(w http.ResponseWriter, r *http.Request, d dialect, body gjson.Result) bool {
	credential := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key")
	q, ok := h.director.take(body.Get("model").String(), credential, h.now())
	if !ok {
		return false
	}
	d.quotaHeaders(w.Header(), q)
	if !q.exceeded {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(q.reset.Seconds()))))
	d.fail(w, http.StatusTooManyRequests, fmt.Sprintf("Rate limit reached: %d requests in this window.", q.limit))
	return true
}

// fails waits and fails as the directives say, and reports whether the request
// has been dealt with.
func (h *Handler) fails(w http.ResponseWriter, r *http.Request, d dialect, directives Directives) bool {
	if directives.Hang {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if !pause(r, directives.Latency) {
		panic(http.ErrAbortHandler)
	}
	status := directives.Status
	if directives.Rate > 0 && !h.director.happens(directives.Rate) {
		return false
	}
	if directives.HTML {
		if status == 0 {
			status = http.StatusBadGateway
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<!doctype html><html><head><title>%d</title></head><body><h1>%s</h1></body></html>\n", status, http.StatusText(status))
		return true
	}
	if status < 400 {
		return false
	}
	if directives.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(directives.RetryAfter.Seconds())))
	}
	d.fail(w, status, fmt.Sprintf("The mock provider was told to answer %d.", status))
	return true
}

// pause waits, and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answerRoute answers a request without looking at anything but the request.
func answerRoute(method, route string, body []byte, fixed string) (response, int, error) {
	if route == "/models" || strings.HasPrefix(route, "/models/") {
		if method != http.MethodGet {
			return response{}, http.StatusMethodNotAllowed, errors.New("want GET")
		}
		return models(strings.TrimPrefix(strings.TrimPrefix(route, "/models"), "/"))
	}
	answerer := map[string]func(gjson.Result, string, string) (response, error){
		"/chat/completions": chat, "/completions": completion, "/embeddings": embeddings,
		"/messages": messages, "/messages/count_tokens": countTokens,
	}[route]
	if answerer == nil {
		return response{}, http.StatusNotFound, fmt.Errorf("the mock provider has no %s; it offers /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/models, /v1/messages and /v1/messages/count_tokens", route)
	}
	if method != http.MethodPost {
		return response{}, http.StatusMethodNotAllowed, errors.New("want POST")
	}
	if !gjson.ValidBytes(body) || !gjson.ParseBytes(body).IsObject() {
		return response{}, http.StatusBadRequest, errors.New("the request body is not a JSON object")
	}
	parsed := gjson.ParseBytes(body)
	if parsed.Get("model").Type != gjson.String {
		return response{}, http.StatusBadRequest, errors.New("model: is missing; want a string such as mock-gpt")
	}
	sum := sha256.Sum256(body)
	resp, err := answerer(parsed, hex.EncodeToString(sum[:12]), fixed)
	if err != nil {
		return response{}, http.StatusBadRequest, err
	}
	return resp, http.StatusOK, nil
}

// modelName is the model of a request without the directives after its colon.
func modelName(model string) string {
	if name, _, ok := strings.Cut(model, ":"); ok && strings.HasPrefix(name, "mock-") {
		return name
	}
	return model
}

// encode marshals a value of ours; those cannot fail.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("mock: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
