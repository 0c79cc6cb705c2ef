package analytics

import (
	"net/url"
	"slices"
	"strings"
	"time"

	// Zones are known on machines without a database of them, too.
	_ "time/tzdata"

	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/ledger"
)

// filters are the parameters that every endpoint takes.
var filters = []string{
	"workspace_slug", "workspace_id", "time_of_generation_min", "time_of_generation_max", "time_zone", "interval",
	"total_units_min", "total_units_max", "cost_min", "cost_max", "prompt_token_min", "prompt_token_max", "completion_token_min", "completion_token_max",
	"status_code", "status", "weighted_feedback_min", "weighted_feedback_max", "virtual_keys", "configs", "api_key_ids", "users", "metadata",
	"ai_org", "ai_model", "ai_org_model", "trace_id", "span_id", "prompt_slug", "cache_status", "id", "q",
	// The SDKs have these in the type of every endpoint's parameters.
	"page_size", "current_page", "order_by", "order_by_type", "columns", "include_total",
}

// A request is what one says in its parameters.
type request struct {
	filter  ledger.Filter
	page    ledger.Page
	from    time.Time // in the zone that days begin by
	to      time.Time
	edges   []time.Time // of the buckets that from and to are in
	orderBy string      // a column, "" for the usual
	rising  bool
	columns []string
}

// parse reads the parameters. The error names the one at fault.
func parse(values url.Values) (*request, error) {
	q := logs.NewQuery(values)
	q.OnlyKnown(filters)
	req := &request{columns: q.List("columns"), orderBy: q.Get("order_by")}
	req.span(q)
	switch by := q.Get("order_by_type"); strings.ToLower(by) {
	case "asc":
		req.rising = true
	case "", "desc":
	default:
		q.Fail("order_by_type", "must be asc or desc")
	}
	if !slices.Contains([]string{"", "true", "false", "1", "0"}, q.Get("include_total")) {
		q.Fail("include_total", "must be true or false; the total is there in any case")
	}
	var err error
	if req.filter, req.page, err = logs.ParseFilter(values); err != nil {
		return nil, err
	}
	return req, q.Err()
}

// span reads the range of time and divides it.
func (req *request) span(q *logs.Query) {
	req.from, req.to = moment(q, "time_of_generation_min"), moment(q, "time_of_generation_max")
	if name := q.Get("time_zone"); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			q.Fail("time_zone", "must be a zone of the IANA database, such as Europe/Berlin")
			return
		}
		req.from = req.from.In(zone)
	}
	if q.Err() != nil {
		return
	}
	if !req.from.Before(req.to) {
		q.Fail("time_of_generation_max", "must be after time_of_generation_min")
		return
	}
	width := fitting(req.to.Sub(req.from))
	if name := q.Get("interval"); name != "" {
		i := slices.IndexFunc(intervals, func(v interval) bool { return v.name == name })
		if i < 0 {
			q.Fail("interval", "must be one of "+strings.Join(intervalNames(), ", "))
			return
		}
		width = intervals[i]
	}
	var fit bool
	if req.edges, fit = width.edges(req.from, req.to); !fit {
		q.Fail("interval", "makes more than 1500 data points of this range: choose a wider one, or leave it out")
	}
}

// moment reads a time that must be there, in the zone in which it is given.
func moment(q *logs.Query, name string) time.Time {
	text := q.Get(name)
	if text == "" {
		q.Fail(name, "is missing; give a time such as 2026-02-23T14:20:31+05:30")
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		// A plus sign that was not escaped arrives as a space.
		t, err := time.Parse(layout, strings.Replace(text, " ", "+", 1))
		if err == nil && t.Year() >= 1970 {
			_, offset := t.Zone()
			return t.In(time.FixedZone("", offset)) // and not the server's own zone, if it has that offset
		}
	}
	q.Fail(name, "must be an RFC 3339 time such as 2026-02-23T14:20:31+05:30, from 1970 on")
	return time.Time{}
}
