package logs

import (
	"net/url"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

// FuzzParseFilter expects of every query a filter, or an error that names the
// parameter.
func FuzzParseFilter(f *testing.F) {
	f.Add("time_of_generation_min=2026-01-01T00:00:00Z&status_code=200,4xx&cost_min=0.1&metadata=%7B%22a%22%3A%22b%22%7D&page_size=10")
	f.Add("pageSize=-1&currentPage=99999999999&aiOrgModel=a__b&after=x&status=ok&total_units_min=1e9")
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query)
		_, page, err := ParseFilter(q)
		if e := ai.AsError(err); err != nil && (e.Kind != ai.Invalid || e.Param == "") {
			t.Errorf("%v names no parameter", err)
		}
		if err == nil && (page.Size < 1 || page.Offset < 0) {
			t.Errorf("the page is %+v", page)
		}
	})
}
