package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// client gives up on what hangs, and shows redirects instead of following them.
var client = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// An output collects what a process prints; it may be read while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// A canary is a listener that nothing may connect to.
type canary struct {
	Addr  string // host:port
	conns atomic.Int64
	mu    sync.Mutex
	heard bytes.Buffer
}

// newCanary listens on a loopback address of its own, such as 127.0.0.7:0.
func newCanary(t *testing.T, addr string) *canary {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := &canary{Addr: ln.Addr().String()}
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.conns.Add(1)
			readers.Go(func() { c.listen(conn) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); readers.Wait() })
	return c
}

func (c *canary) listen(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	b := make([]byte, 8192)
	n, _ := conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard.Write(b[:n])
}

// silent fails the test if anything has connected.
func (c *canary) silent(t *testing.T) {
	t.Helper()
	if n := c.conns.Load(); n != 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		t.Errorf("the canary at %s was connected to %d times and heard:\n%s", c.Addr, n, c.heard.String())
	}
}

func (c *canary) port() string {
	_, port, _ := net.SplitHostPort(c.Addr)
	return port
}

// withUpstream starts a server whose providers are all played by one upstream.
func withUpstream(t *testing.T, args ...string) (*server, *upstream.Server) {
	t.Helper()
	up := upstream.New(t, upstream.Options{})
	bases := map[string]string{}
	for _, id := range []string{"openai", "anthropic", "azure-openai", "anyscale", "bedrock", "sagemaker"} {
		bases[id] = up.Base(id)
	}
	return start(t, t.TempDir(), bases, args...), up
}

// script sets what a provider answers with next.
func script(t *testing.T, up *upstream.Server, provider string, steps ...upstream.Step) {
	t.Helper()
	if err := up.Script(provider, steps...); err != nil {
		t.Fatal(err)
	}
}

// chat sends a chat completion with the caller's own key for openai.
func (s *server) chat(stream bool, headers ...string) response {
	s.t.Helper()
	return s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", stream),
		append([]string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}, headers...)...)
}

// raw sends bytes as they are and returns all that comes back before the server
// closes the connection or two seconds have passed.
func (s *server) raw(request string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	all, _ := io.ReadAll(conn)
	return string(all)
}

// rawReply is raw for a request that is answered once and whose connection may
// stay open.
func (s *server) rawReply(request string) response {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatalf("no HTTP answer: %v", err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(text)}
}

// alive fails the test unless the server still answers well.
func (s *server) alive() {
	s.t.Helper()
	if got := s.call("GET", "/readyz", "", nil); got.Status != 200 {
		s.t.Errorf("/readyz answers %d afterwards: %s", got.Status, got.Body)
	}
}

// id is the request's id, which is that of its log.
func (r response) id() string { return r.Header.Get("X-Portkey-Request-Id") }

// errorMessage is the message that OpenAI's and Anthropic's clients read.
func (r response) errorMessage(t *testing.T) string {
	t.Helper()
	e, _ := r.JSON(t)["error"].(map[string]any)
	message, _ := e["message"].(string)
	return message
}

// wantError checks a refusal: its status, the trace id, and what its message says.
func wantError(t *testing.T, got response, status int, says ...string) {
	t.Helper()
	if got.Status != status {
		t.Errorf("status %d, want %d: %.300s", got.Status, status, got.Body)
		return
	}
	if got.Header.Get("X-Portkey-Trace-Id") == "" {
		t.Error("no x-portkey-trace-id")
	}
	if got.id() == "" {
		t.Error("no x-portkey-request-id")
	}
	if got.errorMessage(t) == "" {
		t.Errorf("no error.message: %.300s", got.Body)
	}
	for _, want := range says {
		if !strings.Contains(got.Body, want) {
			t.Errorf("the answer does not say %q: %.500s", want, got.Body)
		}
	}
}

// rows returns the log rows with these ids, waiting for them.
func (s *server) rows(ids ...string) map[string]map[string]any {
	s.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		found := map[string]map[string]any{}
		for _, row := range s.logs("", 0) {
			found[row["id"].(string)] = row
		}
		missing := 0
		for _, id := range ids {
			if found[id] == nil {
				missing++
			}
		}
		if missing == 0 {
			return found
		}
		if time.Now().After(deadline) {
			s.t.Errorf("%d of %d requests are not in the log", missing, len(ids))
			return found
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// row returns the log row of one reply.
func (s *server) row(got response) map[string]any {
	s.t.Helper()
	row := s.rows(got.id())[got.id()]
	if row == nil {
		s.t.Fatalf("the request %s is not in the log", got.id())
	}
	return row
}

// refused checks that each reply has a log row with its status that cost nothing.
func (s *server) refused(replies map[string]response) {
	s.t.Helper()
	var ids []string
	for _, r := range replies {
		ids = append(ids, r.id())
	}
	rows := s.rows(ids...)
	for name, r := range replies {
		row := rows[r.id()]
		if row == nil {
			s.t.Errorf("%s: not in the log", name)
			continue
		}
		if status := number(row["response_status_code"]); status != float64(r.Status) {
			s.t.Errorf("%s: logged with status %v, answered %d", name, status, r.Status)
		}
		if cost := row["cost"]; cost != nil && number(cost) != 0 || cost == nil {
			s.t.Errorf("%s: logged with cost %v, want 0", name, cost)
		}
	}
}

func number(v any) float64 {
	f, ok := v.(float64)
	if !ok {
		return -1
	}
	return f
}

func httpRequest(method, path, host string, headers map[string]string, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Portkey-Api-Key: %s\r\nContent-Type: application/json\r\n", method, path, host, workspaceKey)
	for name, value := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if body != "" {
		b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// residentMiB is how much memory a process holds.
func residentMiB(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Skipf("memory of another process cannot be read here: %v", err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(b), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() >> 20
}
