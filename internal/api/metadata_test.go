package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
)

func TestReadMetadata(t *testing.T) {
	exact, long := strings.Repeat("é", 128), strings.Repeat("é", 129)
	type pairs = map[string]string
	for name, test := range map[string]struct {
		header, baggage string
		defaults, want  pairs
		left            []string // paths of the receipts
	}{
		"none":                     {},
		"only the key's":           {defaults: pairs{"a": "1"}, want: pairs{"a": "1"}},
		"the key beats the call":   {header: `{"a":"2","b":"3"}`, defaults: pairs{"a": "1"}, want: pairs{"a": "1", "b": "3"}},
		"the header beats baggage": {header: `{"a":"2"}`, baggage: "a=9, c=x%20y+z;p=1", want: pairs{"a": "2", "c": "x y+z"}},
		"special keys":             {header: `{"_user":"ann","_organisation":"o","_environment":"e","_prompt":"p"}`, want: pairs{"_user": "ann", "_organisation": "o", "_environment": "e", "_prompt": "p"}},
		"characters, not bytes":    {header: `{"b":"` + exact + `"}`, want: pairs{"b": exact}},
		"only short strings": {header: `{"a":1,"b":"` + long + `","c":"ok","d":null,"e":{},"":"x","` + long + `":"x"}`, want: pairs{"c": "ok"},
			left: []string{"x-portkey-metadata", "x-portkey-metadata.a", "x-portkey-metadata.b", "x-portkey-metadata.d", "x-portkey-metadata.e", "x-portkey-metadata." + long[:64] + "…"}},
		"not JSON":      {header: `{'a':'b'}`, want: pairs{}, left: []string{"x-portkey-metadata"}},
		"not an object": {header: `["a"]`, want: pairs{}, left: []string{"x-portkey-metadata"}},
		"null":          {header: `null`, want: pairs{}, left: []string{"x-portkey-metadata"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			if test.header != "" {
				h.Set("X-Portkey-Metadata", test.header)
			}
			if test.baggage != "" {
				h.Set("Baggage", test.baggage)
			}
			got, receipts := readMetadata(h, test.defaults)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
			var left []string
			for _, r := range receipts {
				left = append(left, r.Path)
				if r.Reason == "" {
					t.Errorf("%s: no reason", r.Path)
				}
			}
			if d := cmp.Diff(test.left, left); d != "" {
				t.Error(d)
			}
		})
	}
}

// Of too many keys the same ones stay each time, and the key's own always do.
func TestTooManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `,"k%03d":"v"`, i)
	}
	h := http.Header{"X-Portkey-Metadata": {"{" + b.String()[1:] + "}"}, "Baggage": {"zzz=1"}}
	got, receipts := readMetadata(h, map[string]string{"team": "x"})
	if len(got) != ledger.MaxPairs || got["team"] != "x" || got["k000"] != "v" || got["k062"] != "v" || got["k063"] != "" || got["zzz"] != "" {
		t.Errorf("%d pairs: %v", len(got), got)
	}
	if len(receipts) != 16 || receipts[0].Path != "x-portkey-metadata.k063" {
		t.Errorf("receipts %v", receipts)
	}
}
