package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	kills   = 50
	callers = 8
)

// Whatever a client received whole is in the log exactly once, however often the
// process is killed under load.
func TestKillNineLosesNothingThatAClientWasGiven(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(killUpstream))
	defer upstream.Close()
	s := start(t, t.TempDir(), map[string]string{"openai": upstream.URL + "/v1"})
	received := map[string]bool{} // ids of replies that were received whole
	interrupted := 0
	for round := range kills {
		ids := loadUntil(s, time.Duration(30+rand.IntN(120))*time.Millisecond, round)
		for _, id := range ids {
			if received[id] {
				t.Fatalf("two replies carried the id %s", id)
			}
			received[id] = true
		}
		s.restart()
	}
	seen := map[string]int{}
	for _, row := range s.logs("", len(received)) {
		id := row["id"].(string)
		seen[id]++
		if row["status"] == "interrupted" {
			interrupted++
			if received[id] {
				t.Errorf("%s was received whole but is logged as interrupted", id)
			}
		}
	}
	for id := range received {
		if seen[id] != 1 {
			t.Errorf("%s is in the log %d times", id, seen[id])
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is in the log %d times", id, n)
		}
	}
	t.Logf("%d kills, %d replies received whole, %d rows, %d interrupted", kills, len(received), len(seen), interrupted)
	if len(received) < kills {
		t.Errorf("only %d replies were received: the load was too light to prove anything", len(received))
	}
}

// loadUntil sends calls until the process is killed after d, and returns the ids
// of the replies that were received to their end.
func loadUntil(s *server, d time.Duration, round int) []string {
	var mu sync.Mutex
	var ids []string
	var callersDone sync.WaitGroup
	stop := make(chan struct{})
	for caller := range callers {
		callersDone.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				stream := (caller+n)%2 == 0
				got, err := s.try("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", stream),
					"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream", "X-Portkey-Trace-Id", fmt.Sprint("kill-", round))
				whole := err == nil && got.Status == 200 &&
					(stream && strings.Contains(got.Body, "data: [DONE]") || !stream && strings.HasSuffix(got.Body, "}"))
				if whole {
					mu.Lock()
					ids = append(ids, got.Header.Get("X-Portkey-Request-Id"))
					mu.Unlock()
				}
			}
		})
	}
	time.Sleep(d)
	s.kill()
	close(stop)
	callersDone.Wait()
	return ids
}

func killUpstream(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !strings.Contains(string(body), `"stream":true`) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for _, choice := range []string{`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`,
		`{"index":0,"delta":{"content":"hel"},"finish_reason":null}`, `{"index":0,"delta":{"content":"lo"},"finish_reason":null}`,
		`{"index":0,"delta":{},"finish_reason":"stop"}`} {
		_, _ = io.WriteString(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[`+choice+"]}\n\n")
		_ = control.Flush()
		time.Sleep(time.Millisecond)
	}
	_, _ = io.WriteString(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}`+"\n\ndata: [DONE]\n\n")
}
