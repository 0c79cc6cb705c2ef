package gemini

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

func TestKeyOfTheAddress(t *testing.T) {
	for target, test := range map[string]struct {
		sent, header string
		own          int // keys in x-portkey-api-key
	}{
		"/v1beta/models?key=abc&pageSize=3": {"", "abc", 0},
		"/v1beta/models":                    {"def", "def", 0},
		"/v1beta/models?key=abc":            {"abc", "abc", 0},
		"/v1beta/models?key=ghi":            {"abc", "abc", 2},
		"/v1beta/models?key=":               {"", "", 0},
	} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		if test.sent != "" {
			r.Header.Set("X-Goog-Api-Key", test.sent)
		}
		got := withKey(r)
		if got.URL.RawQuery != "" || got.RequestURI != "/v1beta/models" {
			t.Errorf("%s: the query is still in %s, %s", target, got.URL, got.RequestURI)
		}
		if h := got.Header.Get("X-Goog-Api-Key"); h != test.header || len(got.Header["X-Portkey-Api-Key"]) != test.own {
			t.Errorf("%s: headers %v", target, got.Header)
		}
		if r.URL.String() != target || r.Header.Get("X-Goog-Api-Key") != test.sent {
			t.Errorf("%s: the request itself changed", target)
		}
	}
}

// chunks is a stream of the given chunks.
type chunks struct {
	list []string
	err  error
}

func (c *chunks) Next() ([]byte, error) {
	if len(c.list) == 0 {
		return nil, c.err
	}
	chunk := c.list[0]
	c.list = c.list[1:]
	return []byte(chunk), nil
}

func (*chunks) Close() error { return nil }

func TestArray(t *testing.T) {
	for _, test := range []struct {
		chunks []string
		want   string
	}{
		{nil, "[]"},
		{[]string{"data: {\"a\":1}\n\n"}, `[{"a":1}]`},
		{[]string{"data: {\"a\":1}\r\n\r\n", ": ping\n\n", "data: {\"b\":2}\n\ndata: {\"error\":{}}\n\n"}, "[{\"a\":1},\r\n{\"b\":2},\r\n{\"error\":{}}]"},
	} {
		reply := &ai.Reply{Header: http.Header{"Content-Type": {"text/event-stream"}}, Stream: &chunks{test.chunks, io.EOF}}
		asArray(reply)
		var got []byte
		for {
			chunk, err := reply.Stream.Next()
			got = append(got, chunk...)
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != test.want || reply.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
			t.Errorf("%q: got %q, %v", test.chunks, got, reply.Header)
		}
	}
	broken := errors.New("broken")
	a := &array{src: &chunks{[]string{"data: {}\n\n"}, broken}}
	if chunk, err := a.Next(); string(chunk) != "[{}" || err != nil {
		t.Errorf("got %q, %v", chunk, err)
	}
	if chunk, err := a.Next(); len(chunk) != 0 || err != broken {
		t.Errorf("a broken stream ends the array: %q, %v", chunk, err)
	}
	whole := &ai.Reply{Body: []byte(`{"error":{}}`)}
	if asArray(whole); string(whole.Body) != `[{"error":{}}]` {
		t.Errorf("got %s", whole.Body)
	}
}
