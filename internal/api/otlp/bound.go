package otlp

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-ai/portico/internal/ai"
)

// A decoded message takes many times the bytes of a body that is made for it, so
// the parts and the depth are counted before. A value within attributes adds three
// levels of messages, or two of JSON, for each array or object it is in.
const (
	maxParts = 1_000_000
	maxDepth = 64

	maxSpans      = 10_000 // in a call; log records, too
	maxAttributes = 4096   // of a span
	maxKey        = 256    // bytes
)

func tooManyParts() error {
	return ai.Errorf(ai.TooLarge, "The body has more than %d parts; export smaller batches", maxParts)
}

func tooDeep() error {
	return ai.Errorf(ai.Invalid, "The body is nested more than %d levels deep", maxDepth)
}

// measure walks a message without decoding it. What is malformed is left to the
// decoder to complain of.
func measure(b []byte, d protoreflect.MessageDescriptor) error {
	parts := 0
	return measureAt(b, d, 1, &parts)
}

func measureAt(b []byte, d protoreflect.MessageDescriptor, depth int, parts *int) error {
	if depth > maxDepth {
		return tooDeep()
	}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil
		}
		b = b[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
				return nil
			}
			b = b[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return nil
		}
		b = b[n:]
		if *parts++; *parts > maxParts {
			return tooManyParts()
		}
		if f := d.Fields().ByNumber(number); f != nil && f.Kind() == protoreflect.MessageKind {
			if err := measureAt(value, f.Message(), depth+1, parts); err != nil {
				return err
			}
		}
	}
	return nil
}

func measureJSON(b []byte) error {
	depth, parts, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return tooDeep()
			}
			parts++
		case c == '}' || c == ']':
			depth--
		case c == ',':
			parts++
		}
		if parts > maxParts {
			return tooManyParts()
		}
	}
	return nil
}
