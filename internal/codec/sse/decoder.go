package sse

import (
	"bytes"
	"iter"
)

// An Event is one dispatched event. Its slices are valid until the next one.
type Event struct {
	Name []byte // the "event" field; nil means "message"
	Data []byte // the "data" fields, joined by LF
	Raw  []byte // the bytes the event was read from, up to and with its blank line
}

// A Decoder splits chunks of whole events, as a Reader returns them, into
// events. The zero Decoder is at the beginning of a stream.
type Decoder struct {
	started bool
	joined  []byte // data of an event that has several data lines
}

var bom = []byte("\xef\xbb\xbf")

// Events yields the events of the stream's next chunk. Comments, unknown fields
// and events without data are passed over, as the specification says; so is an
// event that has no blank line after it.
func (d *Decoder) Events(chunk []byte) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		if !d.started && len(chunk) > 0 {
			d.started = true
			chunk = bytes.TrimPrefix(chunk, bom)
		}
		l := lines{b: chunk, lf: -1}
		for l.at < len(chunk) {
			if e, ok := d.next(&l); ok && !yield(e) {
				return
			}
		}
	}
}

// next reads up to the next blank line. It is not ok if there is nothing to
// dispatch before that or before the end.
func (d *Decoder) next(l *lines) (e Event, ok bool) {
	start, n := l.at, 0
	for {
		line, ended := l.next()
		if !ended {
			return Event{}, false
		}
		if len(line) == 0 {
			e.Raw = l.b[start:l.at]
			return e, n > 0
		}
		switch field, value := splitField(line); string(field) {
		case "data":
			n++
			e.Data = d.join(e.Data, value, n)
		case "event":
			e.Name = value
			if len(value) == 0 {
				e.Name = nil
			}
		}
	}
}

// join adds the nth data line to data. A single line is not copied.
func (d *Decoder) join(data, line []byte, n int) []byte {
	switch n {
	case 1:
		return line
	case 2:
		d.joined = append(d.joined[:0], data...)
	}
	d.joined = append(append(d.joined, '\n'), line...)
	return d.joined
}

// lines cuts b into lines that end in LF, CR or CRLF. It looks at each byte a
// fixed number of times, whatever the endings are.
type lines struct {
	b  []byte
	at int // beginning of the next line
	lf int // first LF at or after at, len(b) if there is none; stale if before at
}

// next returns the next line without its ending. It is not ended if b stops
// before the line does.
func (l *lines) next() (line []byte, ended bool) {
	if l.lf < l.at {
		l.lf = len(l.b)
		if i := bytes.IndexByte(l.b[l.at:], '\n'); i >= 0 {
			l.lf = l.at + i
		}
	}
	rest := l.b[l.at:l.lf]
	cr := bytes.IndexByte(rest, '\r')
	switch {
	case cr < 0 && l.lf == len(l.b):
		l.at = len(l.b)
		return rest, false
	case cr < 0:
		l.at = l.lf + 1
		return rest, true
	}
	l.at += cr + 1
	if l.at == l.lf && l.lf < len(l.b) {
		l.at++ // CRLF
	}
	return rest[:cr], true
}

// splitField splits a line at its first colon; one space after that is dropped.
func splitField(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, nil
	}
	name, value = line[:i], line[i+1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return name, value
}
