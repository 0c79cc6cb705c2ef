package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/control"
)

// files are an export's. Rows go to the last one until it is full.
type files struct {
	dir, format string
	fields      []string
	limit       int64 // rows of a file
	list        []control.ExportFile
	f           *os.File
	w           *bufio.Writer
	buf         []byte
}

// open opens the files of an export where it left them. If they are not as they
// were, as after a restore of a backup, it begins anew.
func (r *Runner) open(e *control.Export, fields []string) (*files, error) {
	o := &files{dir: filepath.Join(r.Dir, e.ID), format: e.Format, fields: fields, limit: r.FileRows, list: slices.Clone(e.Progress.Files)}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	for i, f := range o.list {
		info, err := os.Stat(filepath.Join(o.dir, f.Name))
		last := i == len(o.list)-1
		if err != nil || info.Size() < f.Bytes || !last && info.Size() != f.Bytes {
			o.list, e.Progress = nil, control.ExportProgress{}
			break
		}
	}
	if len(o.list) == 0 {
		e.Progress = control.ExportProgress{} // an offset that was found is found again
		return o, o.next()
	}
	return o, o.reopen()
}

// reopen cuts off what was written to the last file and not noted.
func (o *files) reopen() (err error) {
	last := &o.list[len(o.list)-1]
	if o.f, err = os.OpenFile(filepath.Join(o.dir, last.Name), os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := o.f.Truncate(last.Bytes); err != nil {
		return err
	}
	_, err = o.f.Seek(last.Bytes, 0)
	o.w = bufio.NewWriterSize(o.f, 256<<10)
	return err
}

// rewind goes back to what e notes, after a page that failed.
func (o *files) rewind(e *control.Export) error {
	o.close()
	o.list = slices.Clone(e.Progress.Files)
	if len(o.list) == 0 {
		return o.next()
	}
	return o.reopen()
}

// next begins another file.
func (o *files) next() (err error) {
	if o.f != nil {
		if err := errors.Join(o.w.Flush(), o.f.Sync(), o.f.Close()); err != nil {
			return err
		}
	}
	name := fileName(len(o.list)+1, o.format)
	if o.f, err = os.OpenFile(filepath.Join(o.dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return err
	}
	o.w = bufio.NewWriterSize(o.f, 256<<10)
	o.list = append(o.list, control.ExportFile{Name: name})
	if o.format != "csv" {
		return nil
	}
	return o.line(func() error { return o.csv(o.fields) })
}

func (o *files) row(values []json.RawMessage) error {
	if o.list[len(o.list)-1].Rows == o.limit {
		if err := o.next(); err != nil {
			return err
		}
	}
	o.list[len(o.list)-1].Rows++
	if o.format == "csv" {
		return o.line(func() error { return o.csv(cells(values)) })
	}
	return o.line(func() error { return o.json(values) })
}

// line writes what write appends to buf.
func (o *files) line(write func() error) error {
	o.buf = o.buf[:0]
	if err := write(); err != nil {
		return err
	}
	n, err := o.w.Write(o.buf)
	o.list[len(o.list)-1].Bytes += int64(n)
	return err
}

func (o *files) json(values []json.RawMessage) error {
	o.buf = append(o.buf, '{')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = append(append(fmt.Appendf(o.buf, "%q", o.fields[i]), ':'), v...)
	}
	o.buf = append(o.buf, '}', '\n')
	return nil
}

func (o *files) csv(cells []string) error {
	var line strings.Builder
	w := csv.NewWriter(&line)
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	o.buf = append(o.buf, line.String()...)
	return w.Error()
}

// cells are values as a table has them: text without quotes, null as nothing, and
// the rest as JSON.
func cells(values []json.RawMessage) []string {
	list := make([]string, len(values))
	for i, v := range values {
		var s *string
		if json.Unmarshal(v, &s) != nil {
			list[i] = string(v)
			continue
		}
		if s != nil {
			list[i] = harmless(*s)
		}
	}
	return list
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (o *files) sync() error { return errors.Join(o.w.Flush(), o.f.Sync()) }

func (o *files) done() []control.ExportFile { return slices.Clone(o.list) }

func (o *files) close() {
	if o.f != nil {
		_ = o.f.Close() // what counts was synced
		o.f = nil
	}
}
