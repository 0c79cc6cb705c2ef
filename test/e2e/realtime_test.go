package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// newRealtime is a provider of realtime sessions: it greets with the model, answers
// each event with a response and its usage, and closes when it is asked to.
func newRealtime(t *testing.T) (base string, handshakes chan *http.Request) {
	handshakes = make(chan *http.Request, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handshakes <- r
		if r.URL.Query().Get("model") == "moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		if r.URL.Query().Get("model") == "refused" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(429)
			_, _ = w.Write([]byte(`{"error":{"message":"too many sessions","type":"rate_limit"}}`))
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}})
		if err != nil {
			return
		}
		conn.SetReadLimit(1 << 20)
		say := func(format string, args ...any) error {
			return conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...))
		}
		_ = say(`{"type":"session.created","session":{"model":%q}}`, r.URL.Query().Get("model"))
		for {
			_, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			var event struct{ Type string }
			_ = json.Unmarshal(message, &event)
			switch event.Type {
			case "close":
				_ = conn.Close(4001, "as you wish")
				return
			case "break":
				_ = conn.CloseNow()
				return
			}
			_ = say(`{"type":"response.audio.delta","delta":"AAAA"}`)
			_ = say(`{"type":"response.done","response":{"usage":{"input_tokens":100,"output_tokens":20,"total_tokens":120,"input_token_details":{"audio_tokens":60},"output_token_details":{"audio_tokens":15}}}}`)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/v1", handshakes
}

func dialRealtime(t *testing.T, s *server, query string, protocols []string, headers ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+"/v1/realtime?"+query, &websocket.DialOptions{HTTPHeader: h, Subprotocols: protocols})
}

func TestRealtimeSession(t *testing.T) {
	t.Parallel()
	base, handshakes := newRealtime(t)
	s := start(t, t.TempDir(), map[string]string{"openai": base})
	vk := s.virtualKey("voice", "openai", map[string]any{"key": "sk-stored-0123456789"})
	conn, resp, err := dialRealtime(t, s, "model="+url.QueryEscape("@"+vk+"/gpt-realtime"), []string{"realtime"}, "X-Portkey-Api-Key", workspaceKey, "X-Portkey-Trace-Id", "a-voice")
	if err != nil {
		t.Fatal(err)
	}
	if conn.Subprotocol() != "realtime" || resp.Header.Get("X-Portkey-Trace-Id") != "a-voice" {
		t.Errorf("protocol %q, headers %v", conn.Subprotocol(), resp.Header)
	}
	up := <-handshakes
	if up.URL.RequestURI() != "/v1/realtime?model=gpt-realtime" || up.Header.Get("Authorization") != "Bearer sk-stored-0123456789" {
		t.Errorf("the provider saw %s %v", up.URL, up.Header)
	}
	receive := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, message, err := conn.Read(ctx); err != nil || !strings.Contains(string(message), want) {
			t.Fatalf("received %s (%v), want %s", message, err, want)
		}
	}
	send := func(message string) {
		t.Helper()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	receive("session.created")
	for range 2 {
		send(`{"type":"response.create"}`)
		receive("response.audio.delta")
		receive("response.done")
	}
	send(`{"type":"close"}`)
	_, _, err = conn.Read(t.Context())
	if websocket.CloseStatus(err) != 4001 || !strings.Contains(err.Error(), "as you wish") {
		t.Errorf("the session closed with %v, want the provider's code and reason", err)
	}
	row := s.logs("&trace_id=a-voice", 1)[0]
	if number(row["response_status_code"]) != 101 || number(row["req_units"]) != 200 || number(row["res_units"]) != 40 || fmt.Sprint(row["ai_model"]) != "gpt-realtime" {
		t.Errorf("the row is %v", row)
	}
	detail := s.call("GET", "/v1/logs/"+fmt.Sprint(row["id"]), workspaceKey, nil)
	if !strings.Contains(detail.Body, "response.create") || !strings.Contains(detail.Body, "session.created") || strings.Contains(detail.Body, "AAAA") {
		t.Errorf("the log holds %s", detail.Body)
	}
}

func TestRealtimeRefusals(t *testing.T) {
	t.Parallel()
	base, _ := newRealtime(t)
	s := start(t, t.TempDir(), map[string]string{"openai": base})
	vk := s.virtualKey("voice", "openai", map[string]any{"key": "sk-stored-0123456789"})
	for name, test := range map[string]struct {
		query   string
		headers []string
		status  int
	}{
		"no key":            {"model=m", nil, 401},
		"no provider":       {"model=m", []string{"X-Portkey-Api-Key", workspaceKey}, 400},
		"no such operation": {"model=m", []string{"X-Portkey-Api-Key", workspaceKey, "X-Portkey-Provider", "anyscale"}, 501},
		"a redirect":        {"model=moved", []string{"X-Portkey-Api-Key", workspaceKey, "X-Portkey-Virtual-Key", vk}, 502},
		"the provider":      {"model=refused", []string{"X-Portkey-Api-Key", workspaceKey, "X-Portkey-Virtual-Key", vk}, 429},
	} {
		t.Run(name, func(t *testing.T) {
			_, resp, err := dialRealtime(t, s, test.query, nil, test.headers...)
			if err == nil || resp == nil || resp.StatusCode != test.status {
				t.Errorf("%v %v, want status %d", resp, err, test.status)
			}
		})
	}
	got := s.call("GET", "/v1/realtime?model=m", workspaceKey, nil, "X-Portkey-Virtual-Key", vk)
	wantError(t, got, 426, "WebSocket")
	config := fmt.Sprintf(`{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":%q,"override_params":{"model":"refused"}},{"virtual_key":%q}]}`, vk, vk)
	conn, resp, err := dialRealtime(t, s, "model=gpt-realtime", []string{"realtime", "openai-insecure-api-key." + workspaceKey}, "X-Portkey-Config", config)
	if err != nil {
		t.Fatalf("a fallback behind a refusal, with a browser's key: %v", err)
	}
	if got := resp.Header.Get("X-Portkey-Last-Used-Option-Index"); got != "config.targets[1]" {
		t.Errorf("served by %q", got)
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
	conn, _, err = dialRealtime(t, s, "model=gpt-realtime", nil, "X-Portkey-Api-Key", workspaceKey, "X-Portkey-Virtual-Key", vk, "X-Portkey-Trace-Id", "broken")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"break"}`))
	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	if websocket.CloseStatus(err) != websocket.StatusInternalError {
		t.Errorf("a provider that breaks off: %v", err)
	}
	if row := s.logs("&trace_id=broken", 1)[0]; row["status"] != "truncated" {
		t.Errorf("the row is %v", row)
	}
}

// A server that stops tells its sessions, and has them on record.
func TestDrainEndsSessions(t *testing.T) {
	t.Parallel()
	base, _ := newRealtime(t)
	s := start(t, t.TempDir(), map[string]string{"openai": base}, "--drain-timeout", "1s")
	conn, _, err := dialRealtime(t, s, "model=gpt-realtime", nil, "X-Portkey-Api-Key", workspaceKey, "X-Portkey-Provider", "openai",
		"Authorization", "Bearer sk-upstream", "X-Portkey-Trace-Id", "drained")
	if err != nil {
		t.Fatal(err)
	}
	silent, _, err := dialRealtime(t, s, "model=gpt-realtime", nil, "X-Portkey-Api-Key", workspaceKey, "X-Portkey-Provider", "openai",
		"Authorization", "Bearer sk-upstream", "X-Portkey-Trace-Id", "silent") // which never answers that it is told
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.CloseNow() }()
	ended := s.terminate(t)
	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	if websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the session ended with %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	s.restart()
	for _, trace := range []string{"drained", "silent"} {
		if row := s.logs("&trace_id="+trace, 1)[0]; row["status"] != "success" || row["is_success"] != true {
			t.Errorf("the row is %v", row)
		}
	}
}
