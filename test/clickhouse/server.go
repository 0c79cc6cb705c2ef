// Package clickhouse runs ClickHouse's engine for tests: the Python package chdb,
// with an HTTP front before it, on a free port of loopback.
package clickhouse

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Password is that of the user portico, with characters that a URL escapes.
const Password = "p@ss/w0rd-canary"

const escaped = "p%40ss%2Fw0rd-canary"

// A Server is one process. Methods fail the test that it was started for.
type Server struct {
	tb     testing.TB
	python string
	dir    string
	port   string
	cmd    *exec.Cmd
	made   int
}

// Start starts the engine, which ends with the test. Without the package, in the
// environment test/clickhouse/.venv-chdb or that of PORTICO_CHDB_PYTHON, the test
// is skipped, or fails in CI.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, python: os.Getenv("PORTICO_CHDB_PYTHON"), dir: tb.TempDir()}
	if s.python == "" {
		s.python = beside(".venv-chdb/bin/python")
	}
	if _, err := os.Stat(s.python); err != nil {
		why := fmt.Sprintf("no ClickHouse engine (%v): test/clickhouse/install gets it", err)
		if os.Getenv("CI") == "true" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	s.Run()
	tb.Cleanup(s.Stop)
	return s
}

func beside(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), name)
}

// Run starts the process and waits until it listens, on the port that it had before.
func (s *Server) Run() {
	s.tb.Helper()
	args := []string{beside("front.py"), s.dir, "portico", Password}
	if s.port != "" {
		args = append(args, s.port)
	}
	s.cmd = exec.Command(s.python, args...) //nolint:gosec // a test's
	s.cmd.Dir, s.cmd.Stderr = s.dir, os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.tb.Fatalf("the ClickHouse engine does not start: %v", err)
	}
	s.port = strings.TrimSpace(line)
}

// Stop ends the process at once.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // killed
		s.cmd = nil
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database() string {
	s.tb.Helper()
	s.made++
	name := fmt.Sprintf("logs%d", s.made)
	s.Execute("default", "CREATE DATABASE "+name)
	return "clickhouse://portico:" + escaped + "@127.0.0.1:" + s.port + "/" + name
}

// Execute runs a statement in the database of a URL.
func (s *Server) Execute(url, statement string) {
	s.tb.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+s.port+"/?database="+url[strings.LastIndexByte(url, '/')+1:], bytes.NewReader([]byte(statement)))
	if err != nil {
		s.tb.Fatal(err)
	}
	req.Close = true
	req.Header.Set("X-ClickHouse-User", "portico")
	req.Header.Set("X-ClickHouse-Key", Password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.tb.Fatalf("%s: %s: %s, %v", statement, resp.Status, text, err)
	}
}
