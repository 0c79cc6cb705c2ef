// Package mailtest has a mail server for tests.
package mailtest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// A Sink is a small SMTP server on loopback. It keeps what it was told.
type Sink struct {
	net.Listener
	encrypt  *tls.Config // for STARTTLS; nil offers none
	commands chan string
	Mails    chan string // as they came, without the final dot
}

// NewSink starts one that offers STARTTLS with encrypt, unless that is nil. With
// wrapped, it speaks TLS from the first byte.
func NewSink(t *testing.T, encrypt *tls.Config, wrapped bool) *Sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Sink{Listener: l, encrypt: encrypt, commands: make(chan string, 100), Mails: make(chan string, 10)}
	if wrapped {
		s.Listener, s.encrypt = tls.NewListener(l, encrypt), nil
	}
	t.Cleanup(func() { _ = s.Close() })
	go func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *Sink) serve(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // a test's
	r := bufio.NewReader(conn)
	say := func(lines ...string) { _, _ = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n") }
	say("220 sink")
	encrypt := s.encrypt
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.commands <- line
		switch verb, _, _ := strings.Cut(line, " "); verb {
		case "EHLO":
			if encrypt != nil {
				say("250-sink", "250 STARTTLS")
			} else {
				say("250-sink", "250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, encrypt)
			r, encrypt = bufio.NewReader(conn), nil
		case "AUTH":
			say("235 fine")
		case "DATA":
			say("354 go on")
			var mail strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				mail.WriteString(strings.TrimPrefix(line, "."))
			}
			s.Mails <- mail.String()
			say("250 taken")
		case "RCPT":
			if strings.Contains(line, "nobody@") {
				say("550 no such person")
				continue
			}
			say("250 fine")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// Told is every command so far, a line each.
func (s *Sink) Told() string {
	var all []string
	for {
		select {
		case c := <-s.commands:
			all = append(all, c)
		default:
			return strings.Join(all, "\n")
		}
	}
}
