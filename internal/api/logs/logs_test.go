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

func n(v int64) *int64 { return &v }

func TestParseFilter(t *testing.T) {
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		query string
		want  ledger.Filter
		page  ledger.Page
	}{
		{"", ledger.Filter{}, ledger.Page{Size: 50}},
		{"time_of_generation_min=2024-05-01T00:00:00Z&timeOfGenerationMax=2024-05-01T02:00:00%2B02:00", ledger.Filter{From: day, To: day}, ledger.Page{Size: 50}},
		{"time_of_generation_min=2024-05-01T02:00:00+02:00", ledger.Filter{From: day}, ledger.Page{Size: 50}},
		{"trace_id=a,b&span_id=c&status_code=200,429&status_code=503&status=error,client_gone", ledger.Filter{TraceIDs: []string{"a", "b"}, SpanIDs: []string{"c"}, Statuses: []int{200, 429, 503}, States: []ledger.State{ledger.Failed, ledger.ClientGone}}, ledger.Page{Size: 50}},
		{"ai_org=openai&aiModel=gpt-4o,x&ai_org_model=acme__m__1,%20b__c", ledger.Filter{Providers: []string{"openai"}, Models: []string{"gpt-4o", "x"}, ProviderModels: []ledger.ProviderModel{{Provider: "acme", Model: "m__1"}, {Provider: "b", Model: "c"}}}, ledger.Page{Size: 50}},
		{"virtualKeys=v&configs=pc-1&apiKeyIds=k1,k2&cache_status=HIT", ledger.Filter{Virtual: []string{"v"}, Configs: []string{"pc-1"}, KeyIDs: []string{"k1", "k2"}, Caches: []string{"HIT"}}, ledger.Page{Size: 50}},
		{"cost_min=0.1&cost_max=1", ledger.Filter{CostMin: n(1_000_000), CostMax: n(10_000_000)}, ledger.Page{Size: 50}},
		{"cost_min=0.00000001&cost_max=0.00000019", ledger.Filter{CostMin: n(1), CostMax: n(1)}, ledger.Page{Size: 50}},
		{"total_units_min=1&total_units_max=2&prompt_token_min=3&promptTokenMax=4&completion_token_min=5&completion_token_max=0", ledger.Filter{TokensMin: n(1), TokensMax: n(2), InputMin: n(3), InputMax: n(4), OutputMin: n(5), OutputMax: n(0)}, ledger.Page{Size: 50}},
		{"time_of_generation_min=2024-05-01&id=x&prompt_slug=pp-1,pp-2&weightedFeedbackMin=-2.5&weighted_feedback_max=0.0000001", ledger.Filter{From: day, IDs: []string{"x"}, Prompts: []string{"pp-1", "pp-2"}, FeedbackMin: n(-2_500_000), FeedbackMax: n(0)}, ledger.Page{Size: 50}},
		{`metadata={"_user":"ann"}&q=a+b&pageSize=20&currentPage=3`, ledger.Filter{Metadata: map[string]string{"_user": "ann"}, Text: "a b"}, ledger.Page{Size: 20, Offset: 60}},
	} {
		q, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		f, p, err := ParseFilter(q)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
		}
		if d := cmp.Diff(c.want, f); d != "" {
			t.Errorf("%s: %s", c.query, d)
		}
		if d := cmp.Diff(c.page, p); d != "" {
			t.Errorf("%s: %s", c.query, d)
		}
	}
}

func TestParseFilterNamesTheParameterAtFault(t *testing.T) {
	for query, param := range map[string]string{
		"time_of_generation_min=yesterday": "time_of_generation_min", "timeOfGenerationMax=1": "time_of_generation_max",
		"status_code=ok": "status_code", "status=done": "status", "ai_org_model=gpt": "ai_org_model",
		"cost_min=-1": "cost_min", "cost_max=1e9": "cost_max", "cost_min=1/3": "cost_min", "total_units_min=1.5": "total_units_min",
		"prompt_token_max=-2": "prompt_token_max", "weighted_feedback_min=11": "weighted_feedback_min", "weighted_feedback_max=NaN": "weighted_feedback_max", "metadata=[]": "metadata", `metadata={"a":1}`: "metadata",
		"page_size=501": "page_size", "page_size=0": "page_size", "current_page=-1": "current_page", "after=x": "after", "q=a&q=b": "q",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = ParseFilter(q)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != param || !strings.HasPrefix(e.Message, param+" ") {
			t.Errorf("%s: %v, want an invalid %s", query, err, param)
		}
	}
}

func TestMoneyIsExact(t *testing.T) {
	for nano, want := range map[int64]string{
		0: "0", 1: "0.0000001", 10_000_000: "1", 12_345_678: "1.2345678", 10: "0.000001", 9_223_372_036_854_775_807: "922337203685.4775807", -5_000_000: "-0.5",
	} {
		if got := Fixed(nano, nanoPerCent); string(got) != want {
			t.Errorf("%d nano-dollars are %s cents, want %s", nano, got, want)
		}
	}
}

func TestRow(t *testing.T) {
	e := &ledger.Entry{
		ID: "i", TraceID: "t", StartedAt: time.Date(2024, 5, 1, 1, 2, 3, 456_000_000, time.UTC), State: ledger.OK, Status: 200,
		Op: ai.Chat, Method: "POST", Path: "/v1/chat/completions", Stream: true, Provider: "openai", Model: "m", AskModel: "a",
		ConfigSlug: "pc", ConfigID: "c", ConfigVersion: "v", KeyID: "k", UserID: "owner", Mode: "loadbalance,fallback", Fallback: true, Retries: -1,
		LastStep: "config.targets[1]", Cache: "MISS", Usage: ai.Usage{Known: true, InputTokens: 3, OutputTokens: 4, CacheReadTokens: 1, ReasoningTokens: 2},
		CostNano: 3_000_001, CostKnown: true, TotalMicros: 1500, FirstTokenMicros: 250, Metadata: map[string]string{"_user": "ann"},
	}
	const want = `{"id":"i","trace_id":"t","span_id":"","parent_span_id":"","span_name":"","created_at":"2024-05-01T01:02:03.456Z","status":"success","response_status_code":200,"is_success":true,
		"op":"chatComplete","method":"POST","path":"/v1/chat/completions","stream_mode":true,"ai_org":"openai","ai_model":"m","request_model":"a","virtual_key":"",
		"config":"pc","config_id":"c","config_version_id":"v","api_key_id":"k","mode":"loadbalance,fallback","fallback":true,"retry_success_count":-1,
		"last_used_option_index":"config.targets[1]","cache_status":"MISS","req_units":3,"res_units":4,"total_units":7,"cached_units":1,"reasoning_units":2,"usage_estimated":false,
		"cost":0.3000001,"cost_nano":3000001,"cost_currency":"USD","response_time":1.5,"time_to_first_token":0.25,"user":"ann","metadata":{"_user":"ann"},"feedback_count":2,"avg_weighted_feedback":2.500001,"source":"gateway","error":null,"object":"log"}`
	equalJSON(t, want, Row(e, ledger.Score{Count: 2, SumMicro: 5_000_001}))

	var bare map[string]any
	remarshal(t, Row(&ledger.Entry{State: ledger.Failed, Status: 503, UserID: "owner", Error: &ledger.ErrorInfo{Message: "m", Type: "t", Code: "c"}}, ledger.Score{}), &bare)
	for key, want := range map[string]any{"feedback_count": 0.0, "avg_weighted_feedback": nil, "cost": nil, "cost_nano": nil, "time_to_first_token": nil, "is_success": false, "user": "owner", "metadata": map[string]any{}, "error": map[string]any{"message": "m", "type": "t", "code": "c"}} {
		if d := cmp.Diff(want, bare[key]); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
}

func TestDetail(t *testing.T) {
	stored := []string{"", `{"model":"m","n":12345678901234567890}`, "data: {}\n\ndata: [DONE]\n\n", "\xff\x00", ""}
	ref := func(n uint32) ledger.BodyRef { return ledger.BodyRef{Segment: n, Length: 1} }
	read := func(r ledger.BodyRef) ([]byte, error) {
		if r.Segment == 4 {
			return nil, ai.Errorf(ai.NotFound, "gone")
		}
		return []byte(stored[r.Segment]), nil
	}
	e := &ledger.Entry{
		ID: "i", OrgID: "o", StartedAt: time.Unix(0, 0), State: ledger.OK, Status: 200, Method: "POST", URL: "https://x.test/v1", LastStep: "config", TotalMicros: 2000,
		Request: ref(1), Reply: ref(2), UpstreamRaw: ref(3),
		Attempts: []ledger.Attempt{
			{Step: "config", Provider: "p", Status: 503, Error: &ledger.ErrorInfo{Message: "busy"}, StartMicros: 1, HeadMicros: 1000, TotalMicros: 1500, WaitMicros: 20, Reply: ref(4)},
			{Step: "config", Retry: 1, Provider: "p", Status: 200},
		},
		Decisions: []ledger.Decision{{Path: "config", Mode: "single", Reason: "only one"}},
	}
	var got map[string]json.RawMessage
	remarshal(t, Detail(e, nil, read), &got)
	for key, want := range map[string]string{
		"_id":                       `"i"`,
		"request":                   `{"url":"https://x.test/v1","method":"POST","headers":{},"body":{"model":"m","n":12345678901234567890},"portkeyHeaders":{}}`,
		"response":                  `{"status":200,"headers":{},"body":"data: {}\n\ndata: [DONE]\n\n","responseTime":2,"lastUsedOptionJsonPath":"config"}`,
		"organisation_id":           `"o"`,
		"finalUntransformedRequest": `{"body":{"model":"m","n":12345678901234567890}}`,
		"transformedRequest":        `null`,
		"originalResponse":          `{"body":"data:application/octet-stream;base64,/wA="}`,
		"attempts": `[{"step":"config","retry":0,"provider":"p","model":"","virtual_key":"","url":"","status":503,"error":{"message":"busy","type":"","code":""},"start_ms":0.001,"head_ms":1,"total_ms":1.5,"wait_ms":0.02},
			{"step":"config","retry":1,"provider":"p","model":"","virtual_key":"","url":"","status":200,"error":null,"start_ms":0,"head_ms":0,"total_ms":0,"wait_ms":0}]`,
		"decisions":   `[{"path":"config","mode":"single","chosen":0,"reason":"only one"}]`,
		"receipts":    `[]`,
		"feedback":    `[]`,
		"bodies_lost": `true`,
	} {
		equalJSON(t, want, got[key])
	}
	if got["metrics"] == nil || got["created_at"] == nil {
		t.Error("metrics or created_at is missing")
	}
}

func remarshal(t *testing.T, v, into any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// equalJSON compares with numbers as they are written.
func equalJSON(t *testing.T, want string, got any) {
	t.Helper()
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	parse := func(s string) (v any) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
		return v
	}
	if d := cmp.Diff(parse(want), parse(string(b))); d != "" {
		t.Error(d)
	}
}
