// Package postgres starts a PostgreSQL server for tests, from the installed
// binaries, on a free port of loopback.
package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Password is that of the user portico, with characters that a URL escapes.
const Password = "p@ss/w0rd-canary"

const escaped = "p%40ss%2Fw0rd-canary"

// A Server is one process. Methods fail the test that it was started for.
type Server struct {
	tb   testing.TB
	bin  string
	dir  string
	port string
	as   *syscall.Credential
	cmd  *exec.Cmd
	made int
}

// Start starts a server, which ends with the test. Without binaries the test is
// skipped, or fails in CI. Extra settings are lines of postgresql.conf.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	bin := binaries()
	if bin == "" {
		const why = "no PostgreSQL server is installed (package postgresql)"
		if os.Getenv("CI") == "true" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	// Not tb.TempDir, which the server's own user may not enter.
	dir, err := os.MkdirTemp("", "portico-postgres-*")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, bin: bin, dir: dir, port: freePort(tb)}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s.dropRoot()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(Password), 0o644); err != nil { //nolint:gosec // a test's
		tb.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	init := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "portico", "--pwfile="+secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	init.SysProcAttr, init.Dir = &syscall.SysProcAttr{Credential: s.as}, dir
	if out, err := init.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	conf := append([]string{"listen_addresses = '127.0.0.1'", "port = " + s.port, "unix_socket_directories = '" + dir + "'", "fsync = off", "max_wal_size = '4GB'", "autovacuum_naptime = 1s"}, settings...)
	if err := os.WriteFile(filepath.Join(data, "postgresql.auto.conf"), []byte(strings.Join(conf, "\n")+"\n"), 0o644); err != nil { //nolint:gosec // a test's
		tb.Fatal(err)
	}
	s.Run()
	tb.Cleanup(s.Stop)
	return s
}

// binaries is the folder of the newest version there is, "" for none.
func binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	newest, best := "", 0
	for _, path := range found {
		dir := filepath.Dir(path)
		if v, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))); v > best {
			newest, best = dir, v
		}
	}
	return newest
}

// dropRoot lets the server run as another user, for it refuses to as root.
func (s *Server) dropRoot() {
	if os.Getuid() != 0 {
		return
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(s.dir, uid, gid); err != nil {
			s.tb.Fatal(err)
		}
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // small
		return
	}
	s.tb.Fatal("no user that PostgreSQL could run as")
}

// Run starts the process and waits until it answers.
func (s *Server) Run() {
	s.tb.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the process has its own
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"))
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = &syscall.SysProcAttr{Credential: s.as}, s.dir, log, log
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err = s.exec("SELECT 1"); err == nil {
			return
		}
		if time.Since(start) > 30*time.Second {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.tb.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
	}
}

// Stop ends the process at once, as a crash does.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database() string {
	s.tb.Helper()
	s.made++
	name := fmt.Sprintf("logs%d", s.made)
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		s.tb.Fatal(err)
	}
	return s.url(name)
}

func (s *Server) url(database string) string {
	return "postgres://portico:" + escaped + "@127.0.0.1:" + s.port + "/" + database + "?sslmode=disable"
}

// Execute runs a statement in the database of a URL.
func (s *Server) Execute(url, statement string) {
	s.tb.Helper()
	if err := execute(url, statement); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *Server) exec(query string) error { return execute(s.url("postgres"), query) }

func execute(url, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	_, err = conn.Exec(ctx, query)
	return err
}

func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only for its number
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
