package media

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// ElevenLabs is ElevenLabs' format. The voice and the format of the sound stand
// in the URL; they are shown here as the members voice and output_format.
//
// Source: ElevenLabs' API description, /v1/text-to-speech/{voice_id} and
// /v1/speech-to-text; recorded traffic.
const ElevenLabs ai.Dialect = "elevenlabs"

func elevenLabs() Format {
	return Format{
		name: ElevenLabs, usage: elevenUsage,
		ops: map[ai.Op]translation{
			ai.Transcribe: {request: elevenListen, reply: elevenHeard},
			ai.Speech:     {request: elevenText.plain},
		},
	}
}

var (
	elevenForm = rules{
		"model": as("model_id"), "file": keep, "language": as("language_code"), "response_format": gone, "timestamp_granularities[]": gone,
		"temperature": keep,
	}
	elevenText = rules{
		"model": as("model_id"), "input": as("text"), "voice": keep, "stream_format": gone,
		"response_format": choice("output_format", map[string]string{"mp3": "mp3_44100_128", "opus": "opus_48000_128", "pcm": "pcm_24000"}),
		"speed": func(r *request, value []byte) {
			if !r.own("voice_settings") {
				r.set("voice_settings", append(append([]byte(`{"speed":`), value...), '}'))
			}
		},
	}
)

func elevenListen(c *dialect.Conversion, hub []byte) ([]byte, error) {
	if _, err := wants(hub); err != nil {
		return nil, err
	}
	return elevenForm.plain(c, hub)
}

func elevenHeard(c *dialect.Conversion, body []byte) ([]byte, error) {
	text := jsonedit.Get(body, "text")
	if c.UpstreamType != "" || jsonedit.Kind(text) != '"' {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply has no transcript")
	}
	t := transcript{text: jsonedit.Text(text), language: jsonedit.Text(jsonedit.Get(body, "language_code")), seconds: elevenSeconds(body), estimated: true}
	for w := range jsonedit.Elements(jsonedit.Get(body, "words")) {
		if jsonedit.Text(jsonedit.Get(w, "type")) == "spacing" {
			continue
		}
		t.words = append(t.words, span{number(jsonedit.Get(w, "start")), number(jsonedit.Get(w, "end")), strings.TrimSpace(jsonedit.Text(jsonedit.Get(w, "text")))})
	}
	t.segments = sentences(t.words, " ")
	return t.reply(c)
}

// elevenSeconds is the time of the last word's end: the length of the sound is
// not told.
func elevenSeconds(body []byte) (seconds float64) {
	for w := range jsonedit.Elements(jsonedit.Get(body, "words")) {
		seconds = max(seconds, number(jsonedit.Get(w, "end")))
	}
	return seconds
}

func elevenUsage(op ai.Op, body []byte) ai.Usage { return heard(elevenSeconds(body), true) }
