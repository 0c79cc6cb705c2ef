package anthropic_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
)

func TestModels(t *testing.T) {
	const (
		opus = `{"type":"model","id":"claude-opus-4-6","display_name":"Claude Opus 4.6","created_at":"2026-02-04T00:00:00Z"}`
		hub  = `{"id":"claude-opus-4-6","object":"model","created":1770163200,"owned_by":"anthropic"}`
		gpt  = `{"id":"@my-openai/gpt-4o","slug":"gpt-4o","object":"model","created":0,"owned_by":"openai"}`
	)
	f := anthropic.New()
	for _, c := range []struct {
		name     string
		op       ai.Op
		turn     func(*dialect.Conversion, []byte) ([]byte, error)
		in, want string
	}{
		{"one to the hub", ai.GetModel, f.ReplyToHub, opus, hub},
		{"one from the hub", ai.GetModel, f.ReplyFromHub, `{"id":"claude-opus-4-6","created":1770163200,"display_name":"Claude Opus 4.6"}`, opus},
		{"one without a date", ai.GetModel, f.ReplyFromHub, gpt, `{"type":"model","id":"@my-openai/gpt-4o","display_name":"@my-openai/gpt-4o","created_at":"1970-01-01T00:00:00Z"}`},
		{"a list", ai.Models, f.ReplyFromHub, `{"object":"list","data":[{"id":"a"},{"id":"b"}]}`,
			`{"data":[{"type":"model","id":"a","display_name":"a","created_at":"1970-01-01T00:00:00Z"},{"type":"model","id":"b","display_name":"b","created_at":"1970-01-01T00:00:00Z"}],` +
				`"first_id":"a","last_id":"b","has_more":false}`},
		{"an empty list", ai.Models, f.ReplyFromHub, `{"data":[]}`, `{"data":[],"first_id":null,"last_id":null,"has_more":false}`},
	} {
		got, err := c.turn(&dialect.Conversion{Op: c.op, Strict: true}, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
	for _, turn := range []func(*dialect.Conversion, []byte) ([]byte, error){f.ReplyToHub, f.ReplyFromHub} {
		for _, op := range []ai.Op{ai.Models, ai.GetModel} {
			if _, err := turn(&dialect.Conversion{Op: op}, []byte(`{}`)); ai.AsError(err).Kind != ai.BadGateway {
				t.Errorf("%s of {}: %v", op, err)
			}
		}
	}
}
