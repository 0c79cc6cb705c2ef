package directory

import "github.com/portico-ai/portico/internal/codec/redact"

// Logging is what is kept of requests. It is never changed once published.
type Logging struct {
	MetricsOnly bool // no bodies
	Enforced    bool // requests may not say otherwise
	Redactor    *redact.Redactor

	DeniedExportFields []string // of logs
}

// Keeps reports whether the bodies of a request are kept whose x-portkey-debug
// header says debug.
func (l *Logging) Keeps(debug string) bool {
	if !l.Enforced {
		switch debug {
		case "false":
			return false
		case "true":
			return true
		}
	}
	return !l.MetricsOnly
}
