// Package servers runs the real servers that stores are tested against, on
// loopback. Each is built from a module of its own, so that none of what it needs
// is in the binary's.
package servers

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Credentials of the S3 server.
const (
	AccessKey = "portico-test"
	SecretKey = "portico-test-secret"
)

// A Server is a process that listens on Addr.
type Server struct {
	t    testing.TB
	path string
	args []string
	cmd  *exec.Cmd
	Addr string
	Dir  string // what it keeps
}

// S3 starts an S3 server (versitygw on a folder) with one bucket, "bucket".
func S3(t testing.TB) *Server {
	s := prepare(t, "s3", "versitygw")
	if err := os.Mkdir(filepath.Join(s.Dir, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.args = []string{"--port", s.Addr, "--access", AccessKey, "--secret", SecretKey, "--quiet", "posix", s.Dir}
	s.Start()
	return s
}

// Mongo starts a server of MongoDB's protocol (FerretDB on SQLite).
func Mongo(t testing.TB) *Server {
	s := prepare(t, "mongo", "mongo")
	s.args = []string{s.Addr, s.Dir}
	s.Start()
	return s
}

// prepare builds a server, which the build cache keeps, and picks its address.
func prepare(t testing.TB, module, tool string) *Server {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "tool", "-n", tool)
	cmd.Dir = filepath.Join(filepath.Dir(here), module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var said strings.Builder
	cmd.Stderr = &said
	path, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("build %s: %v\n%s", tool, err, said.String())
		}
		t.Skipf("%s cannot be built here: %v\n%s", tool, err, said.String())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return &Server{t: t, path: strings.TrimSpace(string(path)), Addr: ln.Addr().String(), Dir: t.TempDir()}
}

// Start starts the server, again after Stop, and waits until it listens.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Dir = s.Dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := startForLife(s.cmd); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.Stop)
	for range 500 {
		if c, err := net.Dial("tcp", s.Addr); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatalf("%s does not listen on %s", s.path, s.Addr)
}

// startForLife starts a command on a thread that lasts as long as the process, for
// Pdeathsig is sent when the thread that started it ends.
func startForLife(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		select {}
	}()
	return <-started
}

// Stop ends the server.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_, _ = s.cmd.Process.Wait()
		s.cmd = nil
	}
}
