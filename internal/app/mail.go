package app

import (
	"context"
	"errors"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/mail"
)

// openMail makes the mailer, if the operator names a server. That server may be
// private, for mail alone.
func (a *App) openMail(context.Context) error {
	if a.cfg.SMTPURL.IsZero() {
		return nil
	}
	if a.cfg.PublicURL == "" {
		return errors.New("smtp_url needs public_url: links in mail must lead to this server")
	}
	server, err := mail.Parse(a.cfg.SMTPURL.Reveal(), a.cfg.SMTPFrom)
	if err != nil {
		return err
	}
	policy := a.policy.ForTokens()
	if err := policy.Trust(server.Address()); err != nil {
		return err
	}
	a.mail = server.Through((&egress.Dialer{Policy: policy}).DialContext)
	return nil
}

// mailer is nil without a server, and then so is the interface.
func (a *App) mailer() control.Mailer {
	if a.mail == nil {
		return nil
	}
	return a.mail
}
