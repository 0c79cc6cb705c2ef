package gemini

import (
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// sources are the pages that an answer was found in or cites, which the hub has
// as annotations of the text. Gemini counts in bytes, the hub in characters.
type sources struct {
	text string // of the answer
	list []source
}

type source struct {
	start, end int // in bytes
	uri, title string
}

// read takes what a candidate tells. The metadata stay for who reads them.
func (s *sources) read(candidate members) {
	for _, m := range candidate {
		switch m.key {
		case "groundingMetadata":
			s.grounding(m.value)
		case "citationMetadata":
			s.citations(m.value)
		}
	}
}

func (s *sources) grounding(metadata []byte) {
	var pages []source
	for chunk := range jsonedit.Elements(get(metadata, "groundingChunks")) {
		page := get(chunk, "web")
		if page == nil {
			page = get(chunk, "retrievedContext")
		}
		if page == nil {
			page = get(chunk, "maps")
		}
		pages = append(pages, source{uri: jsonedit.Text(get(page, "uri")), title: jsonedit.Text(get(page, "title"))})
	}
	supported := false
	for support := range jsonedit.Elements(get(metadata, "groundingSupports")) {
		segment := get(support, "segment")
		start, end := int(jsonedit.Int(get(segment, "startIndex"))), int(jsonedit.Int(get(segment, "endIndex")))
		for index := range jsonedit.Elements(get(support, "groundingChunkIndices")) {
			if i := jsonedit.Int(index); i >= 0 && i < int64(len(pages)) && pages[i].uri != "" {
				s.list = append(s.list, source{start, end, pages[i].uri, pages[i].title})
				supported = true
			}
		}
	}
	if supported {
		return
	}
	for _, page := range pages {
		if page.uri != "" {
			s.list = append(s.list, page)
		}
	}
}

// citations reads what a text quotes; Vertex has another name for the list.
func (s *sources) citations(metadata []byte) {
	for _, name := range []string{"citationSources", "citations"} {
		for c := range jsonedit.Elements(get(metadata, name)) {
			if uri := jsonedit.Text(get(c, "uri")); uri != "" {
				s.list = append(s.list, source{
					int(jsonedit.Int(get(c, "startIndex"))), int(jsonedit.Int(get(c, "endIndex"))), uri, jsonedit.Text(get(c, "title")),
				})
			}
		}
	}
}

// write writes the member annotations of a message or delta, if there are any.
func (s *sources) write(w *jsonedit.Writer) {
	if len(s.list) == 0 {
		return
	}
	w.Key("annotations")
	w.Array()
	for _, one := range s.list {
		w.Object()
		w.StringMember("type", "url_citation")
		w.Key("url_citation")
		w.Object()
		w.IntMember("start_index", s.characters(one.start))
		w.IntMember("end_index", s.characters(one.end))
		w.StringMember("title", one.title)
		w.StringMember("url", one.uri)
		w.EndObject()
		w.EndObject()
	}
	w.EndArray()
}

func (s *sources) characters(bytes int) int64 {
	return int64(utf8.RuneCountInString(s.text[:max(0, min(bytes, len(s.text)))]))
}

// writeGrounding writes a hub message's annotations as groundingMetadata, if there
// are any.
func writeGrounding(w *jsonedit.Writer, annotations []byte, text string) {
	var chunks, supports jsonedit.Writer
	chunks.Array()
	supports.Array()
	n := 0
	for a := range jsonedit.Elements(annotations) {
		c := jsonedit.Get(a, "url_citation")
		uri := jsonedit.Get(c, "url")
		if uri == nil {
			continue
		}
		chunks.Object()
		chunks.Key("web")
		chunks.Object()
		chunks.RawMember("uri", uri)
		if title := jsonedit.Get(c, "title"); !jsonedit.IsNull(title) {
			chunks.RawMember("title", title)
		}
		chunks.EndObject()
		chunks.EndObject()
		start, end := inBytes(text, jsonedit.Get(c, "start_index")), inBytes(text, jsonedit.Get(c, "end_index"))
		if end > start {
			supports.Object()
			supports.Key("segment")
			supports.Object()
			supports.IntMember("startIndex", int64(start))
			supports.IntMember("endIndex", int64(end))
			supports.StringMember("text", text[start:end])
			supports.EndObject()
			supports.Key("groundingChunkIndices")
			supports.Array()
			supports.Int(int64(n))
			supports.EndArray()
			supports.EndObject()
		}
		n++
	}
	if n == 0 {
		return
	}
	chunks.EndArray()
	supports.EndArray()
	w.Key("groundingMetadata")
	w.Object()
	w.RawMember("groundingChunks", chunks.Bytes())
	w.RawMember("groundingSupports", supports.Bytes())
	w.EndObject()
}

// inBytes is the offset in bytes of a character of text.
func inBytes(text string, characters []byte) int {
	n := jsonedit.Int(characters)
	for i := range text {
		if n--; n < 0 {
			return i
		}
	}
	return len(text)
}
