package bedrock

import "github.com/portico-ai/portico/internal/codec/jsonedit"

// places are the kinds of places that a citation names: Converse's member, and
// Anthropic's type with its names for Converse's members.
var places = []struct {
	member, kind string
	names        [][2]string
}{
	{"documentChar", "char_location", [][2]string{{"documentIndex", "document_index"}, {"start", "start_char_index"}, {"end", "end_char_index"}}},
	{"documentPage", "page_location", [][2]string{{"documentIndex", "document_index"}, {"start", "start_page_number"}, {"end", "end_page_number"}}},
	{"documentChunk", "content_block_location", [][2]string{{"documentIndex", "document_index"}, {"start", "start_block_index"}, {"end", "end_block_index"}}},
	{"searchResultLocation", "search_result_location", [][2]string{{"searchResultIndex", "search_result_index"}, {"start", "start_block_index"}, {"end", "end_block_index"}}},
	{"web", "web_search_result_location", [][2]string{{"url", "url"}}},
}

// writeCitation writes a citation in Anthropic's form.
func writeCitation(w *jsonedit.Writer, citation []byte) {
	var quoted [][]byte
	for source := range jsonedit.Elements(jsonedit.Get(citation, "sourceContent")) {
		if text := jsonedit.Get(source, "text"); jsonedit.Kind(text) == '"' {
			quoted = append(quoted, text)
		}
	}
	w.Object()
	title := "document_title"
	for _, place := range places {
		location := jsonedit.Get(citation, "location", place.member)
		if location == nil {
			continue
		}
		w.StringMember("type", place.kind)
		for _, names := range place.names {
			if v := jsonedit.Get(location, names[0]); v != nil {
				w.RawMember(names[1], v)
			}
		}
		if place.member == "web" || place.member == "searchResultLocation" {
			title = "title"
		}
		break
	}
	w.RawMember("cited_text", orEmpty(jsonedit.JoinTexts(append(quoted, []byte(`""`)), "")))
	if t := jsonedit.Get(citation, "title"); !isEmpty(t) {
		w.RawMember(title, t)
	}
	if s := jsonedit.Get(citation, "source"); !isEmpty(s) {
		w.RawMember("source", s)
	}
	w.EndObject()
}
