package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const workspaceKey = "bench-workspace-key-0123456789"

// A server is a process under test and how it is called.
type server struct {
	cmd  *exec.Cmd
	base string // URL that paths are appended to
	head http.Header
}

// A rig is the upstream, the baselines and Portico, each a process of its own.
type rig struct {
	dir                                  string
	upstream, proxy, unrecorded, portico *server
}

func start(binary string) (*rig, error) {
	dir, err := os.MkdirTemp("", "portico-load-")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	up, proxy, off, gw := freeAddr(), freeAddr(), freeAddr(), freeAddr()
	r := &rig{dir: dir}
	if r.upstream, err = launch(nil, "0", self, "-role", "upstream", "-addr", up); err != nil {
		return nil, err
	}
	if r.proxy, err = launch(nil, "1", self, "-role", "proxy", "-addr", proxy, "-upstream", up); err != nil {
		return r, err
	}
	if r.unrecorded, err = launch(nil, "1", self, "-role", "unrecorded", "-addr", off, "-upstream", up, "-data", filepath.Join(dir, "unrecorded")); err != nil {
		return r, err
	}
	env := []string{"PORTICO_PROVIDER_OPENAI_BASE_URL=http://" + up + "/v1", "PORTICO_BOOTSTRAP_WORKSPACE_KEY=" + workspaceKey}
	r.portico, err = launch(env, "1", binary, "serve", "--listen", gw, "--metrics-listen", "", "--data", filepath.Join(dir, "data"))
	if err != nil {
		return r, err
	}
	r.proxy.base, r.unrecorded.base, r.portico.base = "http://"+proxy+"/v1", "http://"+off+"/v1", "http://"+gw+"/v1"
	r.portico.head = http.Header{
		"X-Portkey-Api-Key": {workspaceKey}, "X-Portkey-Provider": {"openai"}, "Authorization": {"Bearer sk-bench-0123456789"},
	}
	r.unrecorded.head = r.portico.head.Clone()
	r.unrecorded.head.Set("X-Portkey-Debug", "false") // bodies are not even collected
	for _, addr := range []string{up, proxy, off, gw} {
		if err := waitFor(addr); err != nil {
			r.stop()
			return nil, err
		}
	}
	return r, nil
}

// launch starts a command pinned to a core, where taskset is there to do it.
func launch(env []string, core string, name string, args ...string) (*server, error) {
	if path, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{"-c", core, name}, args...)
		name = path
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return &server{cmd: cmd}, cmd.Start()
}

func freeAddr() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func waitFor(addr string) error {
	for range 100 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on %s", addr)
}

func (r *rig) stop() {
	for _, s := range []*server{r.portico, r.unrecorded, r.proxy, r.upstream} {
		if s != nil && s.cmd.Process != nil {
			_ = s.cmd.Process.Signal(syscall.SIGKILL)
			_ = s.cmd.Wait()
		}
	}
	_ = os.RemoveAll(r.dir)
}

// measure sends a phase's traffic through s and returns the microseconds of CPU
// that its process used per request, or per event of a stream.
func (r *rig) measure(s *server, p phase) (float64, error) {
	before, err := cpuNanos(s.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if err := send(s, p); err != nil {
		return 0, err
	}
	after, err := cpuNanos(s.cmd.Process.Pid)
	units := p.requests
	if p.stream {
		units *= streamEvents
	}
	return float64(after-before) / 1e3 / float64(units), err
}

// cpuNanos adds up the CPU time of all threads of a process.
func cpuNanos(pid int) (int64, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, errors.New("the measured process is gone")
	}
	var sum int64
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a thread that has just ended
		}
		first, _, _ := strings.Cut(string(b), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// send runs a phase as a closed loop.
func send(s *server, p phase) error {
	body := requestBody(p)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}
	defer client.CloseIdleConnections()
	jobs := make(chan struct{}, p.requests)
	for range p.requests {
		jobs <- struct{}{}
	}
	close(jobs)
	failed := make(chan error, p.workers)
	var lost atomic.Int64
	for range p.workers {
		go func() {
			for range jobs {
				err := one(client, s, p, body)
				if err != nil && lost.Add(1) <= int64(max(2, p.requests/500)) {
					err = one(client, s, p, body) // a connection lost now and then is the machine's
				}
				if err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range p.workers {
		err = errors.Join(err, <-failed)
	}
	return err
}

func one(client *http.Client, s *server, p phase, body []byte) error {
	req, err := http.NewRequest(http.MethodPost, s.base+p.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for k, v := range s.head {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || p.stream && !bytes.Contains(reply, []byte("[DONE]")) {
		return fmt.Errorf("status %d: %.200s", resp.StatusCode, reply)
	}
	return nil
}

func requestBody(p phase) []byte {
	var b bytes.Buffer
	b.WriteString(`{"messages":[{"role":"user","content":"`)
	b.WriteString(strings.Repeat("A line of prompt with words in it. ", max(1, (p.size-120)/35)))
	b.WriteString(`"}],"model":"gpt-4o-mini","temperature":0.2`)
	if p.path == "/embeddings" {
		b.Reset()
		b.WriteString(`{"input":"` + strings.Repeat("word ", (p.size-60)/5) + `","model":"text-embedding-3-small"`)
	}
	if p.stream {
		// The flags come first, so that the upstream need not look through the body.
		rest := strings.TrimPrefix(b.String(), "{")
		b.Reset()
		b.WriteString(`{"stream":true,`)
		if p.paced {
			b.WriteString(`"user":"paced",`)
		}
		b.WriteString(rest)
	}
	b.WriteString("}")
	return b.Bytes()
}

// report shows what the run left in Portico's process.
func (r *rig) report(w io.Writer) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.portico.cmd.Process.Pid))
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "VmRSS") {
			fmt.Fprintln(w, "portico", strings.Join(strings.Fields(line), " "))
		}
	}
	return nil
}
