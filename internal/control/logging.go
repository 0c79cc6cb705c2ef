package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/ledger"
)

// Logging is what the organisation wants kept of its requests. The zero value
// keeps everything.
type Logging struct {
	MetricsOnly bool               `json:"metrics_only"` // no bodies
	Enforced    bool               `json:"enforced"`     // x-portkey-debug changes nothing
	Redactions  []ledger.Redaction `json:"redactions"`
	UpdatedBy   string             `json:"updated_by"`
	UpdatedAt   time.Time          `json:"updated_at"`
}

// LoggingInput is what a caller may say. Nil fields keep their value.
type LoggingInput struct {
	MetricsOnly, Enforced *bool
	Redactions            *[]ledger.Redaction
}

const settingLogging = "logging" // JSON of Logging

// Logging returns the organisation's settings.
func (s *Service) Logging(ctx context.Context, p access.Principal) (Logging, error) {
	if err := require(p, access.OrgSettingsRead); err != nil {
		return Logging{}, err
	}
	l, err := readLogging(ctx, s.store)
	return l, storeError(err, "Logging")
}

// SetLogging changes the settings. They hold for requests that come after it.
func (s *Service) SetLogging(ctx context.Context, p access.Principal, in LoggingInput) (l Logging, err error) {
	if err := require(p, access.OrgSettingsUpdate); err != nil {
		return l, err
	}
	var view *directory.Logging
	err = s.write(ctx, func(tx Store) (err error) {
		if l, err = readLogging(ctx, tx); err != nil {
			return err
		}
		if in.MetricsOnly != nil {
			l.MetricsOnly = *in.MetricsOnly
		}
		if in.Enforced != nil {
			l.Enforced = *in.Enforced
		}
		if in.Redactions != nil {
			l.Redactions = slices.Clone(*in.Redactions)
		}
		l.UpdatedBy, l.UpdatedAt = actor(p), s.now()
		if view, err = l.view(); err != nil {
			return invalid("redactions", "%s", err)
		}
		return tx.PutSetting(ctx, settingLogging, string(mustJSON(l)))
	}, func() { s.directory.PutLogging(view) })
	return l, storeError(err, "Logging")
}

func readLogging(ctx context.Context, store Store) (l Logging, err error) {
	text, err := store.Setting(ctx, settingLogging)
	if errors.Is(err, ErrNotFound) {
		return Logging{}, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &l)
	}
	if err != nil {
		return l, fmt.Errorf("read the logging settings: %w", err)
	}
	return l, nil
}

// view is what the data plane needs.
func (l Logging) view() (*directory.Logging, error) {
	redactor, err := ledger.NewRedactor(l.Redactions)
	return &directory.Logging{MetricsOnly: l.MetricsOnly, Enforced: l.Enforced, Redactor: redactor}, err
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	return b
}
