package openai

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// maxNumbered bounds the calls of one choice that are told apart; what comes after
// them passes as it is.
const maxNumbered = 1024

// NumberCalls returns a stream of chat completion chunks with the tool calls of
// each choice numbered as OpenAI numbers them: from 0, in the order in which they
// begin. Some servers give all calls the same index, begin at 1 or at -1, leave
// numbers out, or leave out the index altogether; clients would join calls that
// are not one, or fail. Events whose indices are right keep their bytes. Closing
// the result closes src.
func NumberCalls(src ai.Stream) ai.Stream {
	n := &numberer{}
	return &editor{
		src:       src,
		concerned: func(chunk []byte) bool { return bytes.Contains(chunk, []byte("_calls")) }, // a rare letter first is found the fastest
		edit:      n.event,
	}
}

type numberer struct{ choices []numbered }

// A numbered choice is what has been seen of a choice's calls, in their order.
type numbered struct {
	index int64
	calls []begun
	delta int // how many deltas with calls there were
}

// A begun call is told from others by its id. Only where it has none its arguments
// are kept, to see when they are whole.
type begun struct {
	told  int64 // the index that the server gave it, noIndex if none
	id    string
	named bool
	delta int // the last that had a part of it
	args  []byte
}

const noIndex = -1 << 62

func (n *numberer) event(data []byte) []byte {
	return edited(data, "choices", func(choice []byte) []byte {
		delta := jsonedit.Get(choice, "delta")
		numbered := n.delta(jsonedit.Int(jsonedit.Get(choice, "index")), delta)
		if bytes.Equal(numbered, delta) {
			return choice
		}
		return set(choice, "delta", numbered)
	})
}

// delta numbers the calls of one delta.
func (n *numberer) delta(choice int64, delta []byte) []byte {
	parts := jsonedit.Length(jsonedit.Get(delta, "tool_calls"))
	if parts == 0 {
		return delta
	}
	i := slices.IndexFunc(n.choices, func(c numbered) bool { return c.index == choice })
	if i < 0 {
		i = len(n.choices)
		n.choices = append(n.choices, numbered{index: choice})
	}
	c := &n.choices[i]
	c.delta++
	at := -1
	return edited(delta, "tool_calls", func(call []byte) []byte {
		at++
		if len(c.calls) >= maxNumbered {
			return call
		}
		p := readPart(call)
		p.at, p.alone = at, parts == 1
		number := strconv.Itoa(c.place(p))
		if string(jsonedit.Get(call, "index")) == number {
			return call
		}
		return set(call, "index", []byte(number))
	})
}

// A part is what one delta has of a call.
type part struct {
	told  int64
	id    string
	named bool
	args  []byte
	at    int  // among the parts of its delta
	alone bool // its delta has no other
}

func readPart(call []byte) part {
	p := part{told: noIndex, id: jsonedit.Text(jsonedit.Get(call, "id"))}
	if index := jsonedit.Get(call, "index"); len(index) > 0 && (index[0] == '-' || index[0] >= '0' && index[0] <= '9') {
		p.told = jsonedit.Int(index)
	}
	function := jsonedit.Get(call, "function")
	p.named = jsonedit.TextLen(jsonedit.Get(function, "name")) > 0
	if args := jsonedit.Get(function, "arguments"); jsonedit.Kind(args) == '{' {
		p.args = args
	} else {
		p.args = []byte(jsonedit.Text(args))
	}
	return p
}

// place returns the number of the call that a part belongs to.
func (c *numbered) place(p part) int {
	i := c.find(p)
	if i < 0 {
		i = len(c.calls)
		c.calls = append(c.calls, begun{told: p.told, id: p.id})
	}
	call := &c.calls[i]
	if call.id == "" {
		call.id = p.id
	}
	if call.named = call.named || p.named; call.id == "" {
		call.args = append(call.args, p.args...)
	}
	call.delta = c.delta
	return i
}

// find returns the call that a part goes on with, -1 if it begins one.
func (c *numbered) find(p part) int {
	i := c.candidate(p)
	if i < 0 {
		return i
	}
	call := c.calls[i]
	if p.id != "" && call.id != "" {
		if p.id == call.id {
			return i
		}
		return c.last(func(other begun) bool { return other.id == p.id })
	}
	if p.named && call.named && (call.delta == c.delta || len(p.args) > 0 && jsonedit.Whole(call.args)) {
		return -1 // some servers repeat the name with each part, but none after the last
	}
	return i
}

// candidate is the call that a part goes on with unless it says otherwise: the
// last of its index, or, if it has none, the one at its place.
func (c *numbered) candidate(p part) int {
	switch {
	case p.told == noIndex && p.alone:
		return len(c.calls) - 1
	case p.told == noIndex:
		return min(p.at, len(c.calls)-1)
	}
	i := c.last(func(call begun) bool { return call.told == p.told })
	if i < 0 && p.id == "" && !p.named {
		return len(c.calls) - 1 // nothing begins a call without its name
	}
	return i
}

func (c *numbered) last(is func(begun) bool) int {
	for i := len(c.calls) - 1; i >= 0; i-- {
		if is(c.calls[i]) {
			return i
		}
	}
	return -1
}

// edited returns doc with the elements of its member key changed by edit; doc
// itself if none is.
func edited(doc []byte, key string, edit func(element []byte) []byte) []byte {
	var w jsonedit.Writer
	w.Array()
	changed := false
	for element := range jsonedit.Elements(jsonedit.Get(doc, key)) {
		after := edit(element)
		changed = changed || !bytes.Equal(element, after)
		w.Raw(after)
	}
	if !changed {
		return doc
	}
	w.EndArray()
	return set(doc, key, w.Bytes())
}

// set is jsonedit.Set of an object that has been read.
func set(doc []byte, key string, value []byte) []byte {
	if out, err := jsonedit.Set(doc, key, value); err == nil {
		return out
	}
	return doc
}
