package media

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// Deepgram is Deepgram's format. Its parameters stand in the URL's query; they
// are shown here as the members of an object, text to speak among them.
//
// Source: Deepgram's API description, /v1/listen and /v1/speak; recorded traffic.
const Deepgram ai.Dialect = "deepgram"

func deepgram() Format {
	return Format{
		name: Deepgram, parseError: deepgramError, usage: deepgramUsage,
		ops: map[ai.Op]translation{
			ai.Transcribe: {request: deepgramListen, reply: deepgramHeard},
			ai.Speech:     {request: speak.plain},
		},
	}
}

var listen = rules{"model": keep, "language": keep, "file": keep, "response_format": gone, "timestamp_granularities[]": gone}

func deepgramListen(c *dialect.Conversion, hub []byte) ([]byte, error) {
	want, err := wants(hub)
	if err != nil {
		return nil, err
	}
	return listen.translate(c, hub, func(r *request) {
		if jsonedit.IsNull(jsonedit.Get(hub, "language")) {
			r.setText("detect_language", "true") // OpenAI's models find it out by themselves
		}
		if !r.own("punctuate") {
			r.setText("smart_format", "true") // as OpenAI's models write
		}
		if want.timed() {
			r.setText("utterances", "true")
		}
	})
}

func deepgramHeard(c *dialect.Conversion, body []byte) ([]byte, error) {
	results := jsonedit.Get(body, "results")
	if c.UpstreamType != "" || jsonedit.Kind(results) != '{' {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply has no transcript")
	}
	t := transcript{seconds: number(jsonedit.Get(body, "metadata", "duration")), language: jsonedit.Text(jsonedit.Get(c.Request, "language"))}
	var channels []string
	for channel := range jsonedit.Elements(jsonedit.Get(results, "channels")) {
		if l := jsonedit.Text(jsonedit.Get(channel, "detected_language")); l != "" {
			t.language = l
		}
		for best := range jsonedit.Elements(jsonedit.Get(channel, "alternatives")) {
			channels = append(channels, jsonedit.Text(jsonedit.Get(best, "transcript")))
			t.words = append(t.words, deepgramSpans(jsonedit.Get(best, "words"), "punctuated_word", "word")...)
			break
		}
	}
	t.text = strings.Join(channels, "\n")
	if t.segments = deepgramSpans(jsonedit.Get(results, "utterances"), "transcript"); t.segments == nil {
		t.segments = sentences(t.words, " ")
	}
	return t.reply(c)
}

// deepgramSpans reads words or utterances; their text is the first of the
// members that is there.
func deepgramSpans(list []byte, names ...string) (all []span) {
	for v := range jsonedit.Elements(list) {
		s := span{start: number(jsonedit.Get(v, "start")), end: number(jsonedit.Get(v, "end"))}
		for _, name := range names {
			if s.text == "" {
				s.text = jsonedit.Text(jsonedit.Get(v, name))
			}
		}
		all = append(all, s)
	}
	return all
}

func deepgramUsage(op ai.Op, body []byte) ai.Usage {
	return heard(number(jsonedit.Get(body, "metadata", "duration")), false)
}

var speak = rules{
	"model": deepgramModel, "input": as("text"), "voice": deepgramVoice, "response_format": deepgramFormat,
	"speed": keep, "stream_format": gone,
}

// deepgramModel: a voice is a model, which may stand in either member.
func deepgramModel(r *request, value []byte) {
	if !isAura(jsonedit.Get(r.hub, "voice")) {
		keep(r, value)
	}
}

func deepgramVoice(r *request, value []byte) {
	if isAura(value) {
		r.w.RawMember("model", value)
		return
	}
	r.drop("a voice is a model at Deepgram, such as aura-2-thalia-en")
}

func isAura(voice []byte) bool { return strings.HasPrefix(jsonedit.Text(voice), "aura") }

// deepgramFormat: Source: the parameters encoding, container and sample_rate.
func deepgramFormat(r *request, value []byte) {
	switch format := jsonedit.Text(value); format {
	case "mp3", "opus", "aac", "flac":
		r.setText("encoding", format)
	case "wav", "pcm": // OpenAI's pcm is 24 kHz, 16 bit, without a header
		r.setText("encoding", "linear16")
		r.setText("container", map[string]string{"wav": "wav", "pcm": "none"}[format])
		r.setText("sample_rate", "24000")
	default:
		r.drop("the provider does not offer " + excerpt(value))
	}
}

// deepgramError reads {"err_code","err_msg"} and {"category","message","details"}.
func deepgramError(status int, body []byte) *ai.Error {
	e := openai.ParseError(status, body)
	if text := jsonedit.Text(jsonedit.Get(body, "err_msg")); text != "" {
		e.Message, e.Code = text, jsonedit.Text(jsonedit.Get(body, "err_code"))
	}
	if category := jsonedit.Text(jsonedit.Get(body, "category")); category != "" {
		e.Type = category
	}
	if details := jsonedit.Text(jsonedit.Get(body, "details")); details != "" {
		e.Message += ": " + details
	}
	return e
}
