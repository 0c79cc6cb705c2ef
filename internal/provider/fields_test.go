package provider_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromHeader(t *testing.T) {
	for _, c := range []struct {
		name string
		h    http.Header
		want map[string]string
	}{
		{"nothing", http.Header{"Authorization": {"x"}}, nil},
		{"prefixed", http.Header{"X-Portkey-Example-Region": {"us"}, "X-Portkey-Example-Team": {"t"}}, map[string]string{"region": "us", "team": "t"}},
		{"plain where the row allows it", http.Header{"X-Beta": {"b"}, "X-Team": {"t"}}, map[string]string{"beta": "b"}},
		{"prefixed beats plain", http.Header{"X-Beta": {"plain"}, "X-Portkey-Example-Beta": {"prefixed"}}, map[string]string{"beta": "prefixed"}},
		{"empty", http.Header{"X-Portkey-Example-Region": {""}}, nil},
		{"a field without a header", http.Header{"X-Portkey-": {"z"}, "X-Portkey-Zone": {"z"}}, nil},
	} {
		if diff := cmp.Diff(c.want, row().FromHeader(c.h)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		name         string
		fields, want map[string]string
	}{
		{"alias", map[string]string{"example_project": "p"}, map[string]string{"example_project": "p", "project": "p"}},
		{"first alias wins", map[string]string{"project_id": "2", "example_project": "1"}, map[string]string{"project_id": "2", "example_project": "1", "project": "1"}},
		{"the name wins", map[string]string{"project": "p", "project_id": "q"}, map[string]string{"project": "p", "project_id": "q"}},
		{"unknown keys stay", map[string]string{"later": "x"}, map[string]string{"later": "x"}},
		{"nothing", nil, nil},
	} {
		before := len(c.fields)
		if diff := cmp.Diff(c.want, row().Normalize(c.fields)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if len(c.fields) != before {
			t.Errorf("%s: the caller's map changed", c.name)
		}
	}
}
