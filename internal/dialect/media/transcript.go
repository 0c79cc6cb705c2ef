package media

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// A transcript is what a provider heard, in the terms of OpenAI's replies.
type transcript struct {
	text, language string
	seconds        float64
	estimated      bool // the provider did not tell seconds
	segments       []span
	words          []span
}

type span struct {
	start, end float64
	text       string
}

// A wanted is the shape of transcript that a request asks for.
type wanted struct {
	format          string // response_format
	words, segments bool   // in verbose_json
}

// plain is the media type of transcripts that are not JSON.
const plain = "text/plain; charset=utf-8"

// wants reads a form's fields. Source: OpenAI's API description,
// CreateTranscriptionRequest.
func wants(fields []byte) (wanted, error) {
	w := wanted{format: jsonedit.Text(jsonedit.Get(fields, "response_format"))}
	if w.format == "" {
		w.format = "json"
	}
	if !slices.Contains([]string{"json", "text", "srt", "verbose_json", "vtt"}, w.format) {
		return w, &ai.Error{Kind: ai.Unsupported, Type: "invalid_request_error", Param: "response_format",
			Message: "The provider's transcripts come as json, text, srt, verbose_json or vtt, not " + w.format}
	}
	asked := texts(jsonedit.Get(fields, "timestamp_granularities[]"))
	w.words = slices.Contains(asked, "word")
	w.segments = len(asked) == 0 || slices.Contains(asked, "segment")
	return w, nil
}

// timed reports whether the shape needs segments with their times.
func (w wanted) timed() bool {
	return w.format == "srt" || w.format == "vtt" || w.format == "verbose_json"
}

// reply writes a transcript in the shape that the request asks for.
func (t *transcript) reply(c *dialect.Conversion) ([]byte, error) {
	want, err := wants(c.Request)
	if err != nil {
		return nil, err
	}
	switch want.format {
	case "text":
		c.ReplyType = plain
		return []byte(t.text + "\n"), nil
	case "srt", "vtt":
		c.ReplyType = plain
		return t.subtitles(want.format == "vtt"), nil
	}
	return t.json(c, want), nil
}

func (t *transcript) json(c *dialect.Conversion, want wanted) []byte {
	var w jsonedit.Writer
	w.Object()
	verbose := want.format == "verbose_json"
	if verbose {
		w.StringMember("task", "transcribe")
		if t.language != "" {
			w.StringMember("language", t.language)
		}
		w.RawMember("duration", decimal(t.seconds))
	}
	w.StringMember("text", t.text)
	if verbose && want.segments {
		w.Key("segments")
		w.Array()
		for i, s := range t.segments {
			w.Object()
			w.IntMember("id", int64(i))
			s.write(&w, "text")
			w.EndObject()
		}
		w.EndArray()
	}
	if verbose && want.words {
		w.Key("words")
		w.Array()
		for _, s := range t.words {
			w.Object()
			s.write(&w, "word")
			w.EndObject()
		}
		w.EndArray()
	}
	if t.seconds > 0 && !t.estimated {
		w.Key("usage")
		w.Object()
		w.StringMember("type", "duration")
		w.RawMember("seconds", decimal(t.seconds))
		w.EndObject()
	}
	w.EndObject()
	return w.Bytes()
}

func (s span) write(w *jsonedit.Writer, name string) {
	w.RawMember("start", decimal(s.start))
	w.RawMember("end", decimal(s.end))
	w.StringMember(name, s.text)
}

func decimal(f float64) []byte { return strconv.AppendFloat(nil, f, 'f', -1, 64) }

// number reads a JSON number; what is none is 0.
func number(raw []byte) float64 {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// subtitles writes the segments as WebVTT or SubRip.
func (t *transcript) subtitles(vtt bool) []byte {
	var b strings.Builder
	if vtt {
		b.WriteString("WEBVTT\n\n")
	}
	for i, s := range t.segments {
		if !vtt {
			fmt.Fprintf(&b, "%d\n", i+1)
		}
		fmt.Fprintf(&b, "%s --> %s\n%s\n\n", clock(s.start, vtt), clock(s.end, vtt), strings.ReplaceAll(s.text, "-->", "->"))
	}
	return []byte(b.String())
}

// clock is a time as 00:01:02.345; SubRip has a comma.
func clock(seconds float64, vtt bool) string {
	ms := int64(math.Round(max(seconds, 0) * 1000))
	point := ","
	if vtt {
		point = "."
	}
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, point, ms%1000)
}

// sentences makes segments of words: up to the end of a sentence, or seven
// seconds.
func sentences(words []span, glue string) (segments []span) {
	open := false
	for _, w := range words {
		if !open {
			segments, open = append(segments, w), true
		} else {
			last := &segments[len(segments)-1]
			last.text, last.end = last.text+glue+w.text, w.end
		}
		last := segments[len(segments)-1]
		if strings.ContainsAny(w.text[max(0, len(w.text)-1):], ".!?") || strings.HasSuffix(w.text, "。") || last.end-last.start >= 7 {
			open = false
		}
	}
	return segments
}

// heard is the usage of a transcript.
func heard(seconds float64, estimated bool) ai.Usage {
	if seconds <= 0 || seconds > 1e9 {
		return ai.Usage{}
	}
	return ai.Usage{Known: true, Estimated: estimated, AudioMillis: int64(math.Round(seconds * 1000))}
}
