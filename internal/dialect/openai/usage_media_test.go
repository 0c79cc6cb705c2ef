package openai_test

import (
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/test/corpus"
)

// told is what a recorded call of pictures or sound says about its usage, read
// with encoding/json.
type told struct {
	Data     []any
	Duration float64
	Quality  string
	Size     string
	Usage    *struct {
		Type       string
		Seconds    float64
		Input      *int64 `json:"input_tokens"`
		Output     int64  `json:"output_tokens"`
		Prompt     *int64 `json:"prompt_tokens"`
		Completion int64  `json:"completion_tokens"`
		InDetails  struct {
			Image int64 `json:"image_tokens"`
		} `json:"input_tokens_details"`
		OutDetails struct {
			Image int64 `json:"image_tokens"`
		} `json:"output_tokens_details"`
		HeardDetails struct {
			Audio int64 `json:"audio_tokens"`
		} `json:"input_token_details"`
	}
}

func (r told) usage() (u ai.Usage) {
	if r.Usage != nil {
		for _, in := range []*int64{r.Usage.Input, r.Usage.Prompt} {
			if in != nil {
				u.Known, u.InputTokens, u.OutputTokens = true, *in, r.Usage.Output+r.Usage.Completion
			}
		}
		u.InputImageTokens, u.OutputImageTokens, u.InputAudioTokens = r.Usage.InDetails.Image, r.Usage.OutDetails.Image, r.Usage.HeardDetails.Audio
	}
	if u.Images = int64(len(r.Data)); u.Images > 0 {
		u.ImageQuality, u.ImageSize = r.Quality, r.Size
	}
	u.AudioMillis = int64(math.Round(r.Duration * 1000))
	u.Known = u.Known || u.Images > 0 || u.AudioMillis > 0
	return u
}

// Every recorded reply with pictures, sound or a transcript, of any provider that
// speaks OpenAI's format or nearly, is counted as it says.
func TestRecordedMedia(t *testing.T) {
	cases := 0
	ops := map[string]ai.Op{"images": ai.ImageGenerate, "audio.transcriptions": ai.Transcribe, "audio.speech": ai.Speech}
	for _, provider := range []string{"openai", "groq", "mistral-ai", "llamacpp", "together-ai", "x-ai", "nebius"} {
		for endpoint, op := range ops {
			if !corpus.Has(t, provider, endpoint) {
				continue
			}
			for _, e := range corpus.Exchanges(t, provider, endpoint) {
				if e.Status >= 400 {
					continue
				}
				cases++
				t.Run(e.ID, func(t *testing.T) { checkMedia(t, op, e) })
			}
		}
	}
	if cases < 20 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d recorded exchanges", cases)
}

func checkMedia(t *testing.T, op ai.Op, e *corpus.Exchange) {
	var asked struct{ Input, Quality, Size string }
	_ = json.Unmarshal(e.RequestBody, &asked) // a form has none of these
	reply := e.Body()
	var r told
	if err := json.Unmarshal(reply, &r); err != nil && op != ai.Speech {
		t.Fatal(err)
	}
	want := r.usage()
	if want.Images > 0 && want.ImageSize == "" {
		want.ImageSize = asked.Size
	}
	if want.Images > 0 && want.ImageQuality == "" {
		want.ImageQuality = asked.Quality
	}
	if op == ai.Speech {
		want, reply = ai.Usage{Known: true, Characters: int64(utf8.RuneCountInString(asked.Input))}, nil
	}
	got := openai.CountMedia(op, openai.New().Usage(op, reply), e.RequestBody, reply)
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
