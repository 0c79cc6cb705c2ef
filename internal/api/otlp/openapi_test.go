package otlp

import (
	"os"
	"strings"
	"testing"
)

func TestEveryRouteIsDescribed(t *testing.T) {
	text, err := os.ReadFile("../../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range New(Deps{}).Routes() {
		if !strings.Contains(string(text), "\n  /v1"+r.Pattern+":\n    post:\n") {
			t.Errorf("%s is not described", r.Pattern)
		}
	}
}
