package gemini_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/gemini"
)

func TestOneModel(t *testing.T) {
	f := gemini.New()
	got, err := f.ReplyToHub(&dialect.Conversion{Op: ai.GetModel}, []byte(`{"name":"models/gemini-2.5-flash","inputTokenLimit":1048576}`))
	if want := `{"id":"gemini-2.5-flash","object":"model","created":0,"owned_by":"google","input_token_limit":1048576}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = f.ReplyFromHub(&dialect.Conversion{Op: ai.GetModel}, []byte(`{"id":"@vk/gpt-4o","object":"model"}`))
	if want := `{"name":"models/@vk/gpt-4o","displayName":"@vk/gpt-4o","supportedGenerationMethods":["generateContent","streamGenerateContent"]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	for _, turn := range []func(*dialect.Conversion, []byte) ([]byte, error){f.ReplyToHub, f.ReplyFromHub} {
		if _, err := turn(&dialect.Conversion{Op: ai.GetModel}, []byte(`{}`)); ai.AsError(err).Kind != ai.BadGateway {
			t.Errorf("of {}: %v", err)
		}
	}
}
