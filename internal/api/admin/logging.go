package admin

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/codec/redact"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) loggingRoutes() []Route {
	const pattern = "/admin/organisation/logging"
	return []Route{
		{Method: "GET", Pattern: pattern, Scopes: []access.Scope{access.OrgSettingsRead}, Handle: a.getLogging},
		{Method: "PUT", Pattern: pattern, Scopes: []access.Scope{access.OrgSettingsUpdate}, Handle: a.setLogging},
	}
}

func (a *API) getLogging(r *http.Request, p access.Principal) (any, error) {
	l, err := a.svc.Logging(r.Context(), p)
	return loggingView(l), err
}

// How request_logging is said.
const (
	fullLogs    = "full"
	metricsOnly = "metrics_only"
)

func (a *API) setLogging(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	set := control.LoggingInput{Enforced: in.flag("enforce_debug_log_setting")}
	if mode := in.text("request_logging"); mode != nil {
		only := *mode == metricsOnly
		if set.MetricsOnly = &only; !only && *mode != fullLogs {
			in.fault("request_logging", "request_logging must be %s or %s", fullLogs, metricsOnly)
		}
	}
	if in.raw("redactions") != nil {
		rules := []redact.Rule{}
		for _, o := range in.objects("redactions") {
			rules = append(rules, redact.Rule{Name: o.must("name"), Pattern: o.must("pattern"), Path: o.must("path"), Replacement: o.must("replacement")})
		}
		set.Redactions = &rules
	}
	set.DeniedExportFields = in.texts("denied_export_fields")
	if err := in.err(); err != nil {
		return nil, err
	}
	l, err := a.svc.SetLogging(r.Context(), p, set)
	return loggingView(l), err
}

func loggingView(l control.Logging) object {
	mode, rules := fullLogs, make([]object, len(l.Redactions))
	if l.MetricsOnly {
		mode = metricsOnly
	}
	for i, r := range l.Redactions {
		rules[i] = object{"name": r.Name, "pattern": orNull(r.Pattern), "path": orNull(r.Path), "replacement": orNull(r.Replacement)}
	}
	return object{
		"object": "logging", "request_logging": mode, "enforce_debug_log_setting": l.Enforced, "redactions": rules,
		"denied_export_fields": append([]string{}, l.DeniedExportFields...), "last_updated_at": stamp(l.UpdatedAt),
	}
}
