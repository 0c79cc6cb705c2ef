// Package mail sends plain mail through an SMTP server.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// Dial opens a connection; egress.Dialer has one.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// A Server is an SMTP server that takes our mail.
type Server struct {
	host, port string
	security   security
	user       string
	password   ai.Secret
	from       mail.Address
	dial       Dial
	tls        *tls.Config // what a test trusts; nil for the system's roots
}

type security int

const (
	startTLS security = iota // in the clear, then TLS; a server without it is refused
	implicit                 // TLS from the first byte
	plain                    // never: for a relay in one's own network
)

// patience bounds a delivery when the caller sets no deadline.
const patience = time.Minute

// Parse reads the address of a server, smtps://user:password@host:465 or
// smtp://user:password@host:587, and the sender. smtp:// insists on STARTTLS,
// unless the address ends in ?tls=off.
func Parse(address, from string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("smtp_url must be like smtps://user:password@mail.example.com:465") // the error would repeat the password
	}
	s := &Server{host: u.Hostname(), port: u.Port(), user: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		s.password = ai.NewSecret(password)
	}
	standard := "587"
	switch off := u.RawQuery == "tls=off"; {
	case u.Scheme == "smtps" && u.RawQuery == "":
		s.security, standard = implicit, "465"
	case u.Scheme == "smtp" && off:
		s.security, standard = plain, "25"
	case u.Scheme == "smtp" && u.RawQuery == "":
	default:
		return nil, errors.New("smtp_url must start with smtps:// or smtp://, and may end in ?tls=off for smtp://")
	}
	if s.host == "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("smtp_url must name a host, and no path")
	}
	if s.port == "" {
		s.port = standard
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("smtp_from must be an address such as Portico <portico@example.com>, got %q", from)
	}
	s.from = *sender
	return s, nil
}

// Address is the server's host and port.
func (s *Server) Address() string { return net.JoinHostPort(s.host, s.port) }

// Through makes the server be reached by dial. Call it before Send.
func (s *Server) Through(dial Dial) *Server {
	s.dial = dial
	return s
}

// Send hands a mail to the server. It returns once the server has taken it.
func (s *Server) Send(ctx context.Context, to, subject, text string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", s.Address(), err)
	}
	defer c.Close() //nolint:errcheck // after Quit there is nothing to lose
	if err := s.deliver(c, to, message(s.from, to, subject, text, time.Now())); err != nil {
		return fmt.Errorf("mail server %s: %w", s.Address(), err)
	}
	return nil
}

// open connects and, unless TLS is off, encrypts before anything is told.
func (s *Server) open(ctx context.Context) (*smtp.Client, error) {
	conn, err := s.dial(ctx, "tcp", s.Address())
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if s.security == implicit {
		conn = tls.Client(conn, s.config())
	}
	c, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if s.security == startTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, errors.Join(errors.New("it does not offer STARTTLS; use smtps://, or smtp://…?tls=off in a network of your own"), c.Close())
		}
		if err := c.StartTLS(s.config()); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (s *Server) config() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.tls != nil {
		config = s.tls.Clone()
	}
	config.ServerName = s.host
	return config
}

func (s *Server) deliver(c *smtp.Client, to string, message []byte) error {
	if s.user != "" {
		// PlainAuth refuses to tell the password without TLS, unless to this machine.
		if err := c.Auth(smtp.PlainAuth("", s.user, s.password.Reveal(), s.host)); err != nil {
			return err
		}
	}
	if err := c.Mail(s.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	if err := w.Close(); err != nil { // the server's word that it has the mail
		return err
	}
	return c.Quit()
}
