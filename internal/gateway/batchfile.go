package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/route"
)

const (
	maxLine     = 16 << 20 // bytes of a line of a batch's file
	maxReceipts = 100      // that are kept of all lines together
)

// A batchFile is the file of a batch, its lines translated from OpenAI's form to
// the provider's. They are translated anew whenever it is read, so that a large
// file is never held.
type batchFile struct {
	source func() io.Reader
	line   func(number int, line []byte) ([]byte, error)
	size   int64
	lines  int
}

var _ ai.Upload = (*batchFile)(nil)

// fileAlone is the file of a form for a provider that takes it by itself. One that
// is not for batches stays as it is.
func (g *Gateway) fileAlone(a *answer, f *form.Form) (ai.Upload, error) {
	file, ok := f.File("file")
	switch {
	case !ok:
		return nil, badLine(0, "the form has no file of that name")
	case jsonedit.Text(jsonedit.Get(f.Fields(), "purpose")) != "batch":
		return file, nil
	}
	return g.newBatchFile(a, file)
}

// newBatchFile reads the file once: to find every line's faults, what is lost in
// translation, and its size.
func (g *Gateway) newBatchFile(a *answer, file form.File) (*batchFile, error) {
	receipts := &a.conversion.Receipts
	b := &batchFile{source: file.Open}
	b.line = func(number int, line []byte) ([]byte, error) { return g.batchLine(a, number, line, receipts) }
	all := &lineReader{lines: bufio.NewReaderSize(b.source(), 64<<10), translate: b.line}
	n, err := io.Copy(io.Discard, all)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, badLine(0, "the file has no lines")
	}
	receipts, b.size, b.lines = nil, n, all.count
	return b, nil
}

// Lines is how many requests the file has.
func (b *batchFile) Lines() int { return b.lines }

// ContentType implements ai.Upload.
func (b *batchFile) ContentType() string { return "application/jsonl" }

// Size implements ai.Upload.
func (b *batchFile) Size() int64 { return b.size }

// Open implements ai.Upload.
func (b *batchFile) Open() io.Reader {
	return &lineReader{lines: bufio.NewReaderSize(b.source(), 64<<10), translate: b.line}
}

// Close implements ai.Upload. The form whose file it is stays open.
func (b *batchFile) Close() error { return nil }

// A lineReader reads translated lines.
type lineReader struct {
	lines     *bufio.Reader
	translate func(int, []byte) ([]byte, error)
	number    int
	count     int // of lines that are not empty
	left      []byte
	ended     bool
}

// Read implements io.Reader.
func (r *lineReader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (r *lineReader) next() error {
	r.number++
	var line []byte
	for {
		part, err := r.lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return badLine(r.number, fmt.Sprintf("it is longer than %d MiB", maxLine>>20))
		}
		if err == nil || errors.Is(err, io.EOF) {
			r.ended = err != nil
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil
	}
	r.count++
	translated, err := r.translate(r.number, line)
	r.left = append(translated, '\n')
	return err
}

func badLine(number int, problem string) error {
	where := "file"
	if number > 0 {
		where = fmt.Sprintf("file: line %d", number)
	}
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "file", Message: where + ": " + problem}
}

// batched are the operations that a line may ask for.
var batched = map[string]ai.Op{"/v1/chat/completions": ai.Chat, "/v1/embeddings": ai.Embed}

// batchLine translates a line. Receipts are added to, unless it is nil.
func (g *Gateway) batchLine(a *answer, number int, line []byte, receipts *[]ai.Receipt) ([]byte, error) {
	body := jsonedit.Get(line, "body")
	if !jsonedit.Whole(line) || jsonedit.Kind(body) != '{' {
		return nil, badLine(number, "it must be a JSON object with custom_id, method, url and body")
	}
	if _, err := jsonedit.Scan(body); err != nil {
		return nil, badLine(number, ai.AsError(err).Message)
	}
	op := batched[jsonedit.Text(jsonedit.Get(line, "url"))]
	if op == "" {
		return nil, badLine(number, "url must be /v1/chat/completions or /v1/embeddings")
	}
	d := a.destination
	_, model, _ := route.SplitModel(jsonedit.Text(jsonedit.Get(body, "model")))
	model = firstOf(d.fields["provider_model"], model)
	endpoint, ok := d.provider.EndpointFor(op, ai.OpenAI, model)
	if !ok || model == "" {
		return nil, badLine(number, "model must name a model for "+jsonedit.Text(jsonedit.Get(line, "url")))
	}
	cv := &dialect.Conversion{Op: op, Model: model, ID: a.conversion.ID, Now: a.conversion.Now}
	translated, err := g.pair(ai.OpenAI, endpoint.Dialect).Request(cv, body)
	if err != nil {
		return nil, badLine(number, ai.AsError(err).Message)
	}
	for _, r := range cv.Receipts {
		if receipts != nil && len(*receipts) < maxReceipts {
			*receipts = append(*receipts, ai.Receipt{Path: fmt.Sprintf("line %d: %s", number, r.Path), Reason: r.Reason})
		}
	}
	return d.provider.BatchLine(op, model, jsonedit.Text(jsonedit.Get(line, "custom_id")), translated)
}
