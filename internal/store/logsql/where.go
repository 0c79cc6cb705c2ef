package logsql

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
)

// A where is a conjunction of conditions; values travel as parameters only.
type where struct {
	d     *Dialect
	conds []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	for _, a := range args {
		if s, ok := a.(string); ok {
			a = w.d.Text(s)
		}
		w.args = append(w.args, a)
	}
}

func (w *where) String() string { return strings.Join(w.conds, " AND ") }

// filtered begins with the workspaces: no question is asked without one.
func (d *Dialect) filtered(workspaceIDs []string, f *ledger.Filter) *where {
	w := &where{d: d}
	w.add("workspace_id IN ("+marks(len(workspaceIDs))+")", arguments(workspaceIDs)...)
	if !f.From.IsZero() {
		w.add(d.Started+" >= ?", d.instant(f.From))
	}
	if !f.To.IsZero() {
		w.add(d.Started+" < ?", d.instant(f.To))
	}
	anyOf(w, "id", f.IDs)
	anyOf(w, "trace_id", f.TraceIDs)
	anyOf(w, "span_id", f.SpanIDs)
	anyOf(w, "status", f.Statuses)
	anyOf(w, "state", f.States)
	anyOf(w, "provider", f.Providers)
	anyOf(w, "model", f.Models)
	anyOf(w, "virtual_key", f.Virtual)
	anyOf(w, "key_id", f.KeyIDs)
	anyOf(w, "end_user", f.Users)
	anyOf(w, "cache", f.Caches)
	w.configs(f.Configs)
	w.models(f.ProviderModels)
	w.between("cost_nano", f.CostMin, f.CostMax)
	if f.CostMin != nil || f.CostMax != nil {
		w.add("cost_known")
	}
	w.between("input_tokens + output_tokens", f.TokensMin, f.TokensMax)
	w.between("input_tokens", f.InputMin, f.InputMax)
	w.between("output_tokens", f.OutputMin, f.OutputMax)
	w.feedback(workspaceIDs, f.FeedbackMin, f.FeedbackMax)
	for k, v := range f.Metadata {
		w.metadata(k, v)
	}
	w.prompts(f.Prompts)
	if f.Text != "" {
		w.text(f.Text)
	}
	return w
}

func anyOf[T any](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	w.add(column+" IN ("+marks(len(values))+")", arguments(values)...)
}

// oneOf is anyOf for lists that may be long: many parameters are dear to bind.
func (w *where) oneOf(column string, texts []string) {
	if w.d.Texts == "" {
		anyOf(w, column, texts)
		return
	}
	list := make([]any, len(texts))
	for i, s := range texts {
		list[i] = w.d.Text(s)
	}
	w.add(column+" IN "+w.d.Texts, any(list))
}

func arguments[T any](values []T) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = plain(v)
	}
	return args
}

// plain makes of v what Query takes.
func plain(v any) any {
	switch v := v.(type) {
	case ledger.State:
		return string(v)
	case int:
		return int64(v)
	}
	return v
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func (w *where) configs(list []string) {
	if len(list) == 0 {
		return
	}
	args := make([]any, 0, 2*len(list))
	for range 2 {
		for _, c := range list {
			args = append(args, c)
		}
	}
	in := " IN (" + marks(len(list)) + ")"
	w.add("(config_slug"+in+" OR config_id"+in+")", args...)
}

func (w *where) models(list []ledger.ProviderModel) {
	if len(list) == 0 {
		return
	}
	args := make([]any, 0, 2*len(list))
	for _, p := range list {
		args = append(args, p.Provider, p.Model)
	}
	one := "(provider = ? AND model = ?)"
	w.add("("+one+strings.Repeat(" OR "+one, len(list)-1)+")", args...)
}

func (w *where) between(expr string, low, high *int64) {
	if low != nil {
		w.add(expr+" >= ?", *low)
	}
	if high != nil {
		w.add(expr+" <= ?", *high)
	}
}

// hasPair looks for a pair in the JSON text of the metadata, where it may be. That
// is exact: within strings every quote is escaped, so the pair with its quotes
// occurs only as a pair.
func (w *where) hasPair(key, value string) (cond string, args []any) {
	pair := ledger.AppendJSONString(nil, w.d.Text(key))
	pair = ledger.AppendJSONString(append(pair, ':'), w.d.Text(value))
	cond = "(" + fmt.Sprintf(w.d.StartsWith, "metadata", "?") + " OR " + w.d.contains("metadata") + ")"
	return cond, []any{"{" + string(pair), "," + string(pair)}
}

func (w *where) metadata(key, value string) {
	if key == ledger.UserKey && value != "" {
		w.add("user_named AND end_user = ?", value)
		return
	}
	cond, args := w.hasPair(key, value)
	w.add(cond, args...)
}

func (w *where) prompts(list []string) {
	if len(list) == 0 {
		return
	}
	conds, args := make([]string, len(list)), []any(nil)
	for i, p := range list {
		var pair []any
		conds[i], pair = w.hasPair(ledger.PromptKey, p)
		args = append(args, pair...)
	}
	w.add("("+strings.Join(conds, " OR ")+")", args...)
}

// text looks for any part of the searchable columns, in any case.
func (w *where) text(needle string) {
	needle = strings.ToLower(w.d.Text(needle))
	quoted := string(ledger.AppendJSONString(nil, needle))
	named := "user_named AND (" + w.d.Mentions([]string{"end_user"}) + " OR " + w.d.contains("'"+ledger.UserKey+"'") + ")"
	columns := w.d.Mentions([]string{"id", "trace_id", "model", "ask_model", "path", "error_message", "error_code"})
	var args []any
	for range strings.Count(columns, "?") {
		args = append(args, needle)
	}
	args = append(args, quoted[1:len(quoted)-1], needle, needle)
	w.add("("+columns+" OR "+w.d.Mentions([]string{"metadata"})+" OR "+named+")", args...)
}
