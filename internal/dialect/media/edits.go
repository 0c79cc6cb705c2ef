package media

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// edits reports whether an operation starts from pictures that the request
// brings.
func edits(op ai.Op) bool { return op == ai.ImageEdit || op == ai.ImageVary }

// picturesName is image whichever way several are named.
func picturesName(name string) string {
	if name == "image[]" || name == "images" {
		return "image"
	}
	return name
}

// pictures are those of the request; there must be one at least.
func (r *request) pictures() []openai.Picture {
	if r.brought != nil {
		return r.brought
	}
	all, err := openai.Pictures(r.c, r.hub, "image")
	if err == nil && len(all) == 0 {
		err = openai.NoPicture()
	}
	if err != nil {
		r.err = err
	}
	r.brought = all
	return all
}

// A spelling is how a provider takes a picture inside its request.
type spelling func(r *request, p openai.Picture) []byte

// asURI is an address or a data URI.
func asURI(_ *request, p openai.Picture) []byte { return jsonedit.AppendString(nil, p.URI()) }

// asURLObject is the same inside an object.
func asURLObject(r *request, p openai.Picture) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "image_url")
	w.RawMember("url", asURI(r, p))
	w.EndObject()
	return w.Bytes()
}

// asBase64 is the picture's content.
func asBase64(r *request, p openai.Picture) []byte {
	content, err := p.Content(r.name)
	if err != nil {
		r.err = err
	}
	return jsonedit.AppendString(nil, content)
}

// asBytes is the picture's content as a list of numbers.
func asBytes(r *request, p openai.Picture) []byte {
	content, err := p.Content(r.name)
	if err != nil {
		r.err = err
	}
	raw, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		r.err = openai.BadPicture(r.name, "is not valid base64")
	}
	list := append(make([]byte, 0, 4*len(raw)+2), '[')
	for i, b := range raw {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendUint(list, uint64(b), 10)
	}
	return append(list, ']')
}

// asURIOrContent is an address, or the content without what a data URI has
// before it.
func asURIOrContent(_ *request, p openai.Picture) []byte {
	if p.URL != "" {
		return jsonedit.AppendString(nil, p.URL)
	}
	return jsonedit.AppendString(nil, p.Data)
}

// asFile is what becomes a file of a form.
func asFile(r *request, p openai.Picture) []byte {
	content, err := p.Content(r.name)
	if err != nil {
		r.err = err
	}
	_, kind, _ := strings.Cut(p.Type, "/")
	var w jsonedit.Writer
	w.Object()
	w.StringMember("filename", r.name+"."+kind)
	w.StringMember("content_type", p.Type)
	w.StringMember("base64", content)
	w.EndObject()
	return w.Bytes()
}

// one passes on a picture; what is beyond the first is dropped.
func one(name string, spell spelling) rule {
	return func(r *request, _ []byte) {
		all := r.pictures()
		if len(all) == 0 {
			return
		}
		r.set(name, spell(r, all[0]))
		if len(all) > 1 {
			r.drop("the provider takes one picture: the first was sent")
		}
	}
}

// several passes on all pictures as a list.
func several(name string, spell spelling) rule {
	return func(r *request, _ []byte) {
		var w jsonedit.Writer
		w.Array()
		for _, p := range r.pictures() {
			w.Raw(spell(r, p))
		}
		w.EndArray()
		r.set(name, w.Bytes())
	}
}

// oneOrSeveral passes on a picture under one name and several under another.
func oneOrSeveral(single, list string, spell spelling) rule {
	return func(r *request, value []byte) {
		if len(r.pictures()) > 1 {
			several(list, spell)(r, value)
			return
		}
		one(single, spell)(r, value)
	}
}

// mask passes on the mask in black and white, white where the picture is to be
// changed.
func mask(name string, spell spelling) rule {
	return func(r *request, _ []byte) {
		all, err := openai.Pictures(r.c, r.hub, "mask")
		if err == nil && len(all) > 0 {
			all[0], err = all[0].Redrawn(openai.White)
		}
		switch {
		case err != nil:
			r.err = err
		case len(all) > 0:
			r.set(name, spell(r, all[0]))
		}
	}
}

// with returns the rules with others in their place.
func (rs rules) with(more rules) rules {
	out := rules{}
	for name, do := range rs {
		out[name] = do
	}
	for name, do := range more {
		out[name] = do
	}
	return out
}

// alsoEdits adds to a format of pictures that they are made from others.
func (f Format) alsoEdits(ops map[ai.Op]translation) Format {
	all := map[ai.Op]translation{}
	for op, t := range f.ops {
		all[op] = t
	}
	for op, t := range ops {
		if t.reply == nil {
			t.reply = f.ops[ai.ImageGenerate].reply
		}
		all[op] = t
	}
	f.ops = all
	return f
}

// plainEdit is a translation that the rules say all of.
func plainEdit(rs rules) translation {
	return translation{request: rs.plain}
}
