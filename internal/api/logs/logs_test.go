package logs

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

func TestParseFilter(t *testing.T) {
	q := url.Values{
		"time_of_generation_min": {"2026-01-02T03:04:05+02:00"}, "trace_id": {"a, b"}, "status_code": {"200,429"}, "status": {"truncated"},
		"ai_org_model": {"openai__gpt-4o"}, "costMin": {"0.5"}, "metadata": {`{"_user":"ada"}`}, "pageSize": {"10"}, "currentPage": {"2"}, "q": {"hi"},
	}
	f, page, err := ParseFilter(q)
	if err != nil {
		t.Fatal(err)
	}
	cost := int64(5_000_000)
	want := ledger.Filter{
		From: time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC), TraceIDs: []string{"a", "b"}, Statuses: []int{200, 429},
		States: []ledger.State{ledger.Truncated}, Providers: []string{"openai"}, Models: []string{"gpt-4o"}, CostMin: &cost,
		Metadata: map[string]string{"_user": "ada"}, Text: "hi",
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Error(d)
	}
	if page.Size != 10 || page.Offset != 20 {
		t.Errorf("page is %+v", page)
	}
}

func TestParseFilterNamesWhatIsWrong(t *testing.T) {
	for name, value := range map[string]string{
		"time_of_generation_min": "yesterday", "status_code": "ok", "status": "fine", "cost_min": "1/3", "cost_max": "-1",
		"total_units_min": "1.5", "metadata": "[1]", "page_size": "501", "current_page": "-1", "ai_org_model": "gpt-4o",
	} {
		_, _, err := ParseFilter(url.Values{name: {value}})
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != name || !strings.Contains(e.Message, name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestCentsAreExact(t *testing.T) {
	for nano, want := range map[int64]string{0: "0", 1: "0.0000001", 156_000: "0.0156", 10_000_000: "1", 1_234_567_890: "123.456789", -5_000_000: "-0.5"} {
		if got := Cents(nano); string(got) != want {
			t.Errorf("%d nano-dollars are %s cents, want %s", nano, got, want)
		}
	}
}

func TestUnknownCostIsNull(t *testing.T) {
	for _, known := range []bool{true, false} {
		b, err := json.Marshal(Row(&ledger.Entry{CostNano: 156_000, CostKnown: known}))
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: `"cost":0.0156,`, false: `"cost":null`}[known]
		if !strings.Contains(string(b), want) {
			t.Errorf("known %v: %s", known, b)
		}
	}
}

func TestDetailShowsBodiesAsTheyAre(t *testing.T) {
	bodies := map[ledger.BodyRef]string{
		{Segment: 1}:            `{"n":12345678901234567890}`,
		{Segment: 1, Offset: 9}: "data: {}\n\n",
	}
	read := func(ref ledger.BodyRef) ([]byte, error) {
		if b, ok := bodies[ref]; ok {
			return []byte(b), nil
		}
		return nil, errors.New("lost")
	}
	e := &ledger.Entry{ID: "x", Request: ledger.BodyRef{Segment: 1}, Reply: ledger.BodyRef{Segment: 1, Offset: 9}, Upstream: ledger.BodyRef{Segment: 7}}
	b, err := json.Marshal(Detail(e, read))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"body":{"n":12345678901234567890}`, `"body":"data: {}\n\n"`, `"transformedRequest":{"headers":{},"body":null}`, `"attempts":[]`, `"_id":"x"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}
