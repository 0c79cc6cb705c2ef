package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

// What a request's line says goes into the call: the names of the pattern, the
// query, and whether a request without a body asks for a stream.
func TestRequestLine(t *testing.T) {
	type line struct {
		Params map[string]string
		Query  string
		Stream bool
	}
	for request, want := range map[string]line{
		"GET /v1/responses/resp_1":                       {Params: map[string]string{"response_id": "resp_1"}},
		"GET /v1/responses/a%20b?stream=true&include=x":  {Params: map[string]string{"response_id": "a b"}, Query: "stream=true&include=x", Stream: true},
		"GET /v1/responses/resp_1?stream=false":          {Params: map[string]string{"response_id": "resp_1"}, Query: "stream=false"},
		"POST /v1/responses?stream=true":                 {Query: "stream=true"},
		"GET /v1/threads/t_1/runs/r_1":                   {Params: map[string]string{"thread_id": "t_1", "run_id": "r_1"}},
		"DELETE /v1/responses/..%2F?x=1":                 {Params: map[string]string{"response_id": "../"}, Query: "x=1"},
		"GET /v1/responses/%7Bresponse_id%7D":            {Params: map[string]string{"response_id": "{response_id}"}},
		"GET /v1/responses/resp_1?stream=true;include=x": {Params: map[string]string{"response_id": "resp_1"}, Query: "stream=true;include=x"},
	} {
		t.Run(request, func(t *testing.T) {
			var got line
			mux := http.NewServeMux()
			open := func(_ http.ResponseWriter, r *http.Request) {
				c := (&Ingress{}).open(r, ai.GetResponse, ai.Responses)
				got = line{c.PathParams, c.Query, c.Stream}
			}
			for _, pattern := range []string{"POST /v1/responses", "GET /v1/responses/{response_id}", "DELETE /v1/responses/{response_id}", "GET /v1/threads/{thread_id}/runs/{run_id}"} {
				mux.HandleFunc(pattern, open)
			}
			method, target, _ := strings.Cut(request, " ")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(method, target, nil))
			if diff := cmp.Diff(want, got); diff != "" || w.Code != http.StatusOK {
				t.Errorf("status %d (-want +got):\n%s", w.Code, diff)
			}
		})
	}
}
