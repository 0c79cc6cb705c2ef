package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// callers is how many call at once while the process is killed.
const callers = 8

// kills is how often it is: PORTICO_KILLS, or as often as fits into a test run.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PORTICO_KILLS")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("PORTICO_KILLS must be a number, got %q", text)
	}
	return n
}

// However often the process is killed under load, four ledgers agree: what the
// clients received, what the provider served, the log, and the counters.
func TestKillNineLosesNothingThatAClientWasGiven(t *testing.T) {
	for _, durability := range []string{"process", "power"} {
		t.Run(durability, func(t *testing.T) {
			n := kills(t)
			if durability == "power" {
				n = max(n/10, 1)
			}
			k := newKillRun(t, durability)
			for round := range n {
				k.round(round)
				k.s.kill()
				k.s.restart()
			}
			k.join(n)
		})
	}
}

// A killRun is what clients and provider have written down.
type killRun struct {
	t       *testing.T
	s       *server
	metrics string

	mu       sync.Mutex
	received map[string]*usage // by trace: replies received to their end
	ids      map[string]string // request id by trace, of those
	aborted  int
	served   map[string]int // by trace: calls of the provider
	quiet    int            // rounds after which the counters were compared
}

type usage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
}

// nano is what gpt-4o-mini costs.
func (u usage) nano() int64 { return 150*u.PromptTokens + 600*u.CompletionTokens }

// usageOf lets each request cost something else.
func usageOf(trace string) usage {
	h := fnv.New32()
	_, _ = io.WriteString(h, trace)
	return usage{int64(9 + h.Sum32()%1009), int64(2 + h.Sum32()%97)}
}

func newKillRun(t *testing.T, durability string) *killRun {
	k := &killRun{t: t, received: map[string]*usage{}, ids: map[string]string{}, served: map[string]int{}}
	provider := httptest.NewServer(http.HandlerFunc(k.provide))
	t.Cleanup(provider.Close)
	addr := freeAddr(t)
	k.metrics = "http://" + addr + "/metrics"
	k.s = start(t, t.TempDir(), map[string]string{"openai": provider.URL + "/v1"}, "--metrics-listen", addr, "--durability", durability)
	return k
}

// round puts load on the server for a random while. After every fifth it waits
// for the requests to end and has the counters compared, to the nano-dollar.
func (k *killRun) round(round int) {
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				k.call(fmt.Sprintf("%d-%d-%d", round, caller, n), caller+n)
			}
		})
	}
	time.Sleep(time.Duration(30+rand.IntN(120)) * time.Millisecond)
	if round%5 == 4 {
		stop()
		all.Wait()
		k.quiet++
		k.compareCounters()
		return
	}
	k.s.kill()
	stop()
	all.Wait()
}

// call sends one request: streamed or not, and one in five is given up midway.
func (k *killRun) call(trace string, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stream, leave := n%2 == 0, n%5 == 0
	body := fmt.Sprintf(`{"model":"gpt-4o-mini","stream":%t,"stream_options":{"include_usage":true},"user":%q,"messages":[{"role":"user","content":"hello"}]}`, stream, trace)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.s.URL+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		k.t.Error(err)
		return
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Portkey-Api-Key": workspaceKey, "X-Portkey-Provider": "openai",
		"Authorization": "Bearer sk-upstream", "X-Portkey-Trace-Id": trace} {
		req.Header.Set(name, value)
	}
	if leave && !stream {
		time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, cancel)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if leave && stream {
		_, _ = resp.Body.Read(make([]byte, 64))
		cancel()
		k.mu.Lock()
		k.aborted++
		k.mu.Unlock()
		return
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return
	}
	if u := receivedUsage(string(text), stream); u != nil {
		k.mu.Lock()
		k.received[trace], k.ids[trace] = u, resp.Header.Get("X-Portkey-Request-Id")
		k.mu.Unlock()
	}
}

// receivedUsage reads the usage from a reply, or nil if its end is missing.
func receivedUsage(text string, stream bool) *usage {
	if stream {
		if !strings.Contains(text, "data: [DONE]") {
			return nil
		}
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: {"); ok && strings.Contains(data, `"prompt_tokens"`) {
				text = "{" + data
			}
		}
	}
	var reply struct{ Usage *usage }
	if json.Unmarshal([]byte(text), &reply) != nil {
		return nil
	}
	return reply.Usage
}

// provide is the provider. It writes down each call before it answers.
func (k *killRun) provide(w http.ResponseWriter, r *http.Request) {
	var call struct {
		User   string
		Stream bool
	}
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &call) != nil {
		return // cut on the way
	}
	k.mu.Lock()
	k.served[call.User]++
	k.mu.Unlock()
	u, _ := json.Marshal(usageOf(call.User))
	if !call.Stream {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":%s}`, u)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for _, choice := range []string{`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`,
		`{"index":0,"delta":{"content":"hel"},"finish_reason":null}`, `{"index":0,"delta":{"content":"lo"},"finish_reason":null}`,
		`{"index":0,"delta":{},"finish_reason":"stop"}`} {
		fmt.Fprintf(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[%s]}`+"\n\n", choice)
		_ = control.Flush()
		time.Sleep(time.Millisecond)
	}
	fmt.Fprintf(w, `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[],"usage":%s}`+"\n\ndata: [DONE]\n\n", u)
}

// compareCounters holds the counters of the running server against its journal.
func (k *killRun) compareCounters() {
	k.t.Helper()
	if out, err := k.portico("reconcile", "--metrics", k.metrics); err != nil || !strings.Contains(out, "agrees   metrics") {
		k.t.Errorf("the counters: %v\n%s", err, out)
	}
}

func (k *killRun) portico(args ...string) (string, error) {
	path, err := binary()
	if err != nil {
		k.t.Fatal(err)
	}
	out, err := exec.Command(path, append(args, "--data", k.s.Data)...).CombinedOutput()
	return string(out), err
}

// join compares the ledgers.
func (k *killRun) join(kills int) {
	t := k.t
	rows := map[string]map[string]any{}
	states := map[string]int{}
	for _, row := range k.s.logs("", len(k.served)) {
		trace := row["trace_id"].(string)
		if rows[trace] != nil {
			t.Errorf("%s is in the log twice", trace)
		}
		rows[trace] = row
		states[row["status"].(string)]++
	}
	var cost int64
	for trace, u := range k.received {
		row := rows[trace]
		if row == nil {
			t.Errorf("%s was received and is not in the log", trace)
			continue
		}
		if row["status"] != "success" || row["id"] != k.ids[trace] {
			t.Errorf("%s was received whole, as %s; its row is %v, %v", trace, k.ids[trace], row["id"], row["status"])
		}
		if *u != usageOf(trace) || int64(number(row["req_units"])) != u.PromptTokens || int64(number(row["res_units"])) != u.CompletionTokens {
			t.Errorf("%s: served %+v, received %+v, logged %v and %v", trace, usageOf(trace), *u, row["req_units"], row["res_units"])
		}
		if got := int64(number(row["cost_nano"])); got != u.nano() {
			t.Errorf("%s cost %d nano-dollars, logged are %d", trace, u.nano(), got)
		}
		cost += u.nano()
	}
	for trace, calls := range k.served {
		if calls != 1 {
			t.Errorf("the provider was called %d times for %s", calls, trace)
		}
		if rows[trace] == nil {
			t.Errorf("the provider served %s, which is not in the log", trace)
		}
	}
	var logged int64
	for trace, row := range rows {
		if k.received[trace] != nil {
			logged += int64(number(row["cost_nano"]))
		}
		if row["status"] == "success" && k.served[trace] == 0 {
			t.Errorf("%s succeeded without the provider", trace)
		}
	}
	if logged != cost {
		t.Errorf("received for %d nano-dollars, logged %d", cost, logged)
	}
	t.Logf("%d kills, %d replies received whole for %d nano-dollars, %d streams left, %d calls served, %d rows %v, counters compared %d times",
		kills, len(k.received), cost, k.aborted, len(k.served), len(rows), states, k.quiet)
	if len(k.received) < kills || kills >= 20 && (states["interrupted"] == 0 || states["client_gone"] == 0) {
		t.Error("the load was too light to prove anything")
	}
	k.compareCounters()
	if err := k.s.stop(); err != nil {
		t.Errorf("stopped: %v", err)
	}
	for _, command := range []string{"reconcile", "doctor"} {
		if out, err := k.portico(command); err != nil {
			t.Errorf("portico %s: %v\n%s", command, err, out)
		}
	}
}
