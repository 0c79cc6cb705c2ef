// Package form reads multipart/form-data bodies so that their fields can be
// edited like the members of a JSON object while their files, which may be
// large, stay in a spool. A form without edits is sent with the parts, headers
// and boundary it came with.
package form

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/spool"
)

const (
	maxParts = 1000
	maxField = 1 << 20 // bytes of a field that is not a file
	maxHeld  = 8 << 20 // bytes of all fields and of the headers of all parts
)

// A Form is a body whose parts have been read. It is not changed after that.
type Form struct {
	boundary string
	parts    []part
	files    *spool.File // the files' bytes, one after the other
	fields   []byte      // see Fields
	held     int         // bytes in memory of parts
}

type part struct {
	name   string
	header textproto.MIMEHeader
	value  []byte // of a field, or of a file that is not in files
	isFile bool
	off, n int64 // of a file, in files
}

// Read reads a form. Its files go to the spool, which the Form owns from then
// on, also if Read fails. Errors are *ai.Error or the spool's.
func Read(r io.Reader, boundary string, files *spool.File) (*Form, error) {
	f := &Form{boundary: boundary, files: files}
	end := &tail{r: r}
	for in := multipart.NewReader(end, boundary); ; {
		p, err := in.NextRawPart()
		if errors.Is(err, io.EOF) && len(f.parts) > 0 && end.holds("--"+boundary+"--") {
			break
		}
		if err == nil {
			err = f.add(p)
		}
		if err != nil {
			return nil, errors.Join(bad(err), files.Close())
		}
	}
	f.fields = f.describe()
	return f, nil
}

// bad is the error for a form that cannot be read.
func bad(err error) error {
	if _, ours := errors.AsType[*ai.Error](err); ours || errors.Is(err, spool.ErrTooLarge) {
		return err
	}
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Err: err,
		Message: "The request body is not a whole multipart form: send multipart/form-data with the boundary that Content-Type names, up to its closing line"}
}

func (f *Form) add(p *multipart.Part) (err error) {
	one := part{name: p.FormName(), header: p.Header, isFile: p.FileName() != ""}
	switch {
	case one.name == "":
		return invalid("", "A part of the form has no name: its Content-Disposition must be form-data with a name")
	case len(f.parts) == maxParts:
		return invalid("", fmt.Sprintf("The form has more than %d parts", maxParts))
	}
	for name, values := range p.Header {
		f.held += len(name) + len(strings.Join(values, ""))
	}
	switch {
	case one.isFile:
		one.off = f.files.Size()
		one.n, err = io.Copy(f.files, p)
	default:
		if one.value, err = io.ReadAll(io.LimitReader(p, maxField+1)); len(one.value) > maxField {
			return invalid(one.name, fmt.Sprintf("The form's field %q is larger than %d bytes", one.name, maxField))
		}
	}
	if f.held += len(one.value); f.held > maxHeld {
		return invalid("", fmt.Sprintf("The form's fields and headers are larger than %d bytes together: send large content as files", maxHeld))
	}
	f.parts = append(f.parts, one)
	return err
}

func invalid(field, message string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: field, Message: message}
}

// A file is what a JSON description tells of one.
type file struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type,omitempty"`
	Bytes       int64  `json:"bytes"`
}

// Fields is the form as a JSON object: a member per name, in order; fields are
// strings, files are objects with filename, content_type and bytes, and a name
// that comes several times is an array. It is what configs look at and change,
// and what the log shows.
func (f *Form) Fields() []byte { return f.fields }

func (f *Form) describe() []byte {
	values := map[string][]json.RawMessage{}
	var names []string
	for _, p := range f.parts {
		if _, seen := values[p.name]; !seen {
			names = append(names, p.name)
		}
		values[p.name] = append(values[p.name], p.describe())
	}
	var w jsonedit.Writer
	w.Object()
	for _, name := range names {
		w.Key(name)
		if all := values[name]; len(all) == 1 {
			w.Raw(all[0])
		} else {
			w.Array()
			for _, v := range all {
				w.Raw(v)
			}
			w.EndArray()
		}
	}
	w.EndObject()
	return w.Bytes()
}

func (p *part) describe() json.RawMessage {
	if !p.isFile {
		return jsonedit.AppendString(nil, string(p.value))
	}
	_, params, _ := parseDisposition(p.header)
	raw, _ := json.Marshal(file{params["filename"], p.header.Get("Content-Type"), p.n}) // of strings and a number: cannot fail
	return raw
}

// Edited returns the form with the changes that turn Fields into the object
// fields: members that differ are replaced or added, missing ones left out. It
// shares f's files. A member is a field if it is a string, number or boolean, a
// file if it is an object with filename, content_type and base64, or an array of
// such.
func (f *Form) Edited(fields []byte) (*Form, error) {
	if bytes.Equal(fields, f.fields) {
		return f, nil
	}
	before, after := members(f.fields), members(fields)
	out := &Form{boundary: f.boundary, files: f.files, fields: fields}
	for _, p := range f.parts {
		if bytes.Equal(before[p.name], after[p.name]) {
			out.parts = append(out.parts, p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if bytes.Equal(before[name], after[name]) {
			continue
		}
		if err := out.set(name, after[name]); err != nil {
			return nil, err
		}
	}
	// Fields go first: some providers read a form in order and stop at the file.
	slices.SortStableFunc(out.parts, func(a, b part) int { return cmp.Compare(fileLast(a), fileLast(b)) })
	return out, nil
}

func fileLast(p part) int {
	if p.isFile {
		return 1
	}
	return 0
}

func members(doc []byte) map[string][]byte {
	m := map[string][]byte{}
	for key, value := range jsonedit.Members(doc) {
		m[string(key)] = value
	}
	return m
}

func (f *Form) set(name string, value []byte) error {
	if jsonedit.Kind(value) == '[' {
		for v := range jsonedit.Elements(value) {
			if err := f.setOne(name, v); err != nil {
				return err
			}
		}
		return nil
	}
	return f.setOne(name, value)
}

func (f *Form) setOne(name string, value []byte) error {
	text := string(value)
	switch jsonedit.Kind(value) {
	case '"':
		text = jsonedit.Text(value)
	case '{':
		return f.setFile(name, value)
	case '[':
		return invalid(name, fmt.Sprintf("The field %q of a form can be set to a string, a number, a boolean or a list of these", name))
	case 'n':
		return nil
	}
	if strings.Contains(text, "--"+f.boundary) {
		return invalid(name, fmt.Sprintf("The value set for the form's field %q holds the form's boundary", name))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"`, quoteEscaper.Replace(name)))
	f.parts = append(f.parts, part{name: name, header: header, value: []byte(text)})
	return nil
}

// setFile adds a file that the object itself holds.
func (f *Form) setFile(name string, value []byte) error {
	content, err := base64.StdEncoding.DecodeString(jsonedit.Text(jsonedit.Get(value, "base64")))
	if err != nil || len(content) == 0 {
		return invalid(name, fmt.Sprintf("The field %q of a form can be set to a string, a number, a boolean or a list of these", name))
	}
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`,
		quoteEscaper.Replace(name), quoteEscaper.Replace(cmp.Or(jsonedit.Text(jsonedit.Get(value, "filename")), "file"))))
	header.Set("Content-Type", cmp.Or(jsonedit.Text(jsonedit.Get(value, "content_type")), "application/octet-stream"))
	f.parts = append(f.parts, part{name: name, header: header, value: content, isFile: true})
	return nil
}

// ContentType is the form's media type with its boundary.
func (f *Form) ContentType() string { return contentType(f.boundary) }

// Size is the length of the encoded form in bytes.
func (f *Form) Size() int64 {
	n := int64(0)
	for _, p := range f.parts {
		n += int64(len(f.head(p))) + p.n + int64(len(p.value)) + 2
	}
	return n + int64(len(f.boundary)) + 6
}

// Open returns the encoded form. It may be called any number of times.
func (f *Form) Open() io.Reader {
	readers := make([]io.Reader, 0, 3*len(f.parts)+1)
	for _, p := range f.parts {
		readers = append(readers, bytes.NewReader(f.head(p)), f.content(p), bytes.NewReader([]byte("\r\n")))
	}
	readers = append(readers, bytes.NewReader([]byte("--"+f.boundary+"--\r\n")))
	return io.MultiReader(readers...)
}

func (f *Form) content(p part) io.Reader {
	if p.isFile && p.value == nil {
		return f.files.Section(p.off, p.n)
	}
	return bytes.NewReader(p.value)
}

func (f *Form) head(p part) []byte {
	var b bytes.Buffer
	b.WriteString("--" + f.boundary + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(p.header)) {
		for _, v := range p.header[name] {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// Of makes a form of the members of a JSON object, as Edited does.
func Of(fields []byte) (*Form, error) {
	empty := &Form{boundary: "portico-" + rand.Text(), files: spool.New("", 0), fields: []byte("{}")}
	return empty.Edited(fields)
}

// File returns the first file of the name as a body of its own. It shares f's
// files, which stay f's to close.
func (f *Form) File(name string) (File, bool) {
	for _, p := range f.parts {
		if p.isFile && p.name == name {
			return File{f, p}, true
		}
	}
	return File{}, false
}

// Files returns all files of the name, or of the name with [] after it, as
// clients write that of a list.
func (f *Form) Files(name string) (all []ai.Upload) {
	for _, p := range f.parts {
		if p.isFile && (p.name == name || p.name == name+"[]") {
			all = append(all, File{f, p})
		}
	}
	return all
}

// A File is a file of a form; it implements ai.Upload.
type File struct {
	form *Form
	part part
}

// ContentType is what the form says that the file is.
func (f File) ContentType() string {
	return cmp.Or(f.part.header.Get("Content-Type"), "application/octet-stream")
}

// Size is the file's length in bytes.
func (f File) Size() int64 { return f.part.n + int64(len(f.part.value)) }

// Open returns the file's bytes. It may be called any number of times.
func (f File) Open() io.Reader { return f.form.content(f.part) }

// Close does nothing: the form closes its files.
func (f File) Close() error { return nil }

// Close gives up the form's files.
func (f *Form) Close() error { return f.files.Close() }
