package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	adminKey     = "e2e-admin-key-0123456789"
	workspaceKey = "e2e-workspace-key-0123456789"
)

// binary builds portico once for all tests of the package.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("PORTICO_BINARY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "portico-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "portico")
	cmd := exec.Command("go", "build", "-o", path, "../../cmd/portico")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil && os.Getenv("PORTICO_BINARY") == "" {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// A server is a running portico.
type server struct {
	t      *testing.T
	cmd    *exec.Cmd
	URL    string
	Data   string
	env    []string
	args   []string
	output *output
}

// start runs portico on the data folder and waits until it is ready. Providers
// are named with their base URLs; everything else is a default.
func start(t *testing.T, data string, providers map[string]string, args ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build portico: %v", err)
	}
	addr := freeAddr(t)
	s := &server{t: t, URL: "http://" + addr, Data: data, output: &output{},
		env:  []string{"PORTICO_BOOTSTRAP_ADMIN_KEY=" + adminKey, "PORTICO_BOOTSTRAP_WORKSPACE_KEY=" + workspaceKey},
		args: append([]string{"serve", "--listen", addr, "--metrics-listen", "", "--data", data, "--drain-delay", "0s"}, args...)}
	for id, base := range providers {
		s.env = append(s.env, "PORTICO_PROVIDER_"+strings.ToUpper(strings.ReplaceAll(id, "-", "_"))+"_BASE_URL="+base)
	}
	s.launch(path)
	t.Cleanup(s.kill)
	return s
}

func (s *server) launch(path string) {
	s.t.Helper()
	s.cmd = exec.Command(path, s.args...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for range 500 {
		resp, err := http.Get(s.URL + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.kill()
	s.t.Fatalf("portico did not become ready:\n%s", s.output)
}

// kill ends the process as a crash would.
func (s *server) kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// restart runs the same command on the same folder again.
func (s *server) restart() {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.launch(path)
}

// stop ends the process as an operator would and reports how it exited.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.cmd.Wait()
	s.cmd = nil
	return err
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// A response is what came back from a call.
type response struct {
	Status int
	Header http.Header
	Body   string
}

// JSON reads the body as an object.
func (r response) JSON(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.Body), &v); err != nil {
		t.Fatalf("status %d, not a JSON object: %v\n%s", r.Status, err, r.Body)
	}
	return v
}

// call sends a request with the given key; headers are name, value pairs.
func (s *server) call(method, path, key string, body any, headers ...string) response {
	s.t.Helper()
	resp, err := s.try(method, path, key, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp
}

func (s *server) try(method, path, key string, body any, headers ...string) (response, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return response{}, err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, s.URL+path, r)
	if err != nil {
		return response{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("X-Portkey-Api-Key", key)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(text)}, err
}

// virtualKey stores a provider key and returns its slug.
func (s *server) virtualKey(name, provider string, more map[string]any) string {
	s.t.Helper()
	body := map[string]any{"name": name, "provider": provider, "key": "sk-e2e-secret-of-" + provider}
	for k, v := range more {
		body[k] = v
	}
	got := s.call("POST", "/v1/virtual-keys", adminKey, body)
	slug, _ := got.JSON(s.t)["slug"].(string)
	if got.Status/100 != 2 || slug == "" {
		s.t.Fatalf("create virtual key: status %d: %s", got.Status, got.Body)
	}
	return slug
}

// logs lists rows, newest first, waiting until there are at least want of them.
func (s *server) logs(query string, want int) []map[string]any {
	s.t.Helper()
	var rows []map[string]any
	for range 100 {
		rows = nil
		next := ""
		for {
			got := s.call("GET", "/v1/logs?page_size=500"+query+next, workspaceKey, nil)
			if got.Status != 200 {
				s.t.Fatalf("list logs: status %d: %s", got.Status, got.Body)
			}
			page := got.JSON(s.t)
			for _, row := range page["data"].([]any) {
				rows = append(rows, row.(map[string]any))
			}
			cursor, _ := page["next"].(string)
			if cursor == "" {
				break
			}
			next = "&after=" + cursor
		}
		if len(rows) >= want {
			return rows
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%d log rows for %q, want at least %d", len(rows), query, want)
	return nil
}

func chatBody(model string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"user","content":"hello"}]}`, model, stream)
}
