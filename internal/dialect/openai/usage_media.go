package openai

import (
	"strconv"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// CountMedia adds to u what calls that make pictures or hear and make sound are
// paid by beside tokens: pictures and seconds as the reply tells them, and the
// characters of a text to speak, which only the request holds. Both bodies are
// in OpenAI's format; reply is empty where it is not JSON.
//
// Source: OpenAI's API description, ImagesResponse, TranscriptTextUsageDuration
// and CreateSpeechRequest.
func CountMedia(op ai.Op, u ai.Usage, request, reply []byte) ai.Usage {
	switch op {
	case ai.ImageGenerate, ai.ImageEdit, ai.ImageVary:
		u.Images = max(u.Images, elements(jsonedit.Get(reply, "data")))
		u.ImageQuality = oneOf(jsonedit.Get(reply, "quality"), jsonedit.Get(request, "quality"))
		u.ImageSize = oneOf(jsonedit.Get(reply, "size"), jsonedit.Get(request, "size"))
		if u.Images == 0 {
			u.ImageQuality, u.ImageSize = "", ""
		}
	case ai.Transcribe, ai.Translate:
		u.AudioMillis = max(u.AudioMillis, heard(reply))
	case ai.Speech:
		u.Characters = int64(utf8.RuneCountInString(jsonedit.Text(jsonedit.Get(request, "input"))))
	}
	u.Known = u.Known || u.Images > 0 || u.AudioMillis > 0 || u.Characters > 0
	return u
}

func elements(list []byte) (n int64) {
	for range jsonedit.Elements(list) {
		n++
	}
	return n
}

// oneOf is the first value that is told and not left to the model.
func oneOf(values ...[]byte) string {
	for _, v := range values {
		if s := jsonedit.Text(v); s != "" && s != "auto" {
			return s
		}
	}
	return ""
}

// heard is how many milliseconds of sound a transcript is of: those that are
// paid, or the length of the sound, which a verbose transcript tells as a number
// or as text.
func heard(reply []byte) int64 {
	for _, v := range [][]byte{jsonedit.Get(reply, "usage", "seconds"), jsonedit.Get(reply, "duration")} {
		text := string(v)
		if jsonedit.Kind(v) == '"' {
			text = jsonedit.Text(v)
		}
		if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 && s < 1e9 {
			return int64(s*1000 + 0.5)
		}
	}
	return 0
}
