package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/codec/redact"
	"github.com/portico-ai/portico/internal/directory"
)

// Logging is what the organisation wants kept of its requests. The zero value
// keeps everything.
type Logging struct {
	MetricsOnly bool          `json:"metrics_only"` // no bodies
	Enforced    bool          `json:"enforced"`     // x-portkey-debug changes nothing
	Redactions  []redact.Rule `json:"redactions"`
	// DeniedExportFields of logs are not exported.
	DeniedExportFields []string `json:"denied_export_fields"`

	UpdatedBy string    `json:"updated_by"`
	UpdatedAt time.Time `json:"updated_at"`
}

// LoggingInput is what a caller may say. Nil fields keep their value.
type LoggingInput struct {
	MetricsOnly, Enforced *bool
	Redactions            *[]redact.Rule
	DeniedExportFields    *[]string
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
		if in.DeniedExportFields != nil {
			for _, f := range *in.DeniedExportFields {
				if !slices.Contains(s.exportable, f) { // a typing error would deny nothing
					return invalid("denied_export_fields", "there is no field %q; the fields are %s", f, strings.Join(s.exportable, ", "))
				}
			}
			l.DeniedExportFields = slices.Clone(*in.DeniedExportFields)
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
	redactor, err := redact.New(l.Redactions)
	return &directory.Logging{MetricsOnly: l.MetricsOnly, Enforced: l.Enforced, Redactor: redactor, DeniedExportFields: l.DeniedExportFields}, err
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	return b
}
