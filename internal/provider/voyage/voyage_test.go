package voyage_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/voyage"
)

func TestImagesHaveAnAddressOfTheirOwn(t *testing.T) {
	p := voyage.New()
	for body, want := range map[string]string{
		`{"model":"v","input":["a"]}`:             "https://api.voyageai.com/v1/embeddings",
		`{"model":"v","inputs":[{"content":[]}]}`: "https://api.voyageai.com/v1/multimodalembeddings",
		`{"model":"v","input":["\"inputs\":[]"]}`: "https://api.voyageai.com/v1/embeddings",
	} {
		r, err := p.Encode(t.Context(), &provider.Call{Op: ai.Embed, Body: []byte(body), Key: ai.NewSecret("k")})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL.String(); got != want {
			t.Errorf("%s goes to %s, want %s", body, got, want)
		}
	}
	if p.Ops[ai.Embed].Path != "/embeddings" {
		t.Error("the row has changed")
	}
}
