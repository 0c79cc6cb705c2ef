package gateway

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// translator finds how a dialect is turned into the hub and back; nil for the hub.
func (g *Gateway) translator(d ai.Dialect) dialect.Translator {
	t, _ := g.Formats[d].(dialect.Translator)
	return t
}

// addressed is the client's format if that names the model outside the body, else
// nil.
func (g *Gateway) addressed(c *Call) dialect.Addressed {
	own, _ := g.Formats[c.Dialect].(dialect.Addressed)
	return own
}

// translateRequest turns a request from one dialect into another; the same one
// passes through, untouched but for what its format takes out of it.
func (g *Gateway) translateRequest(cv *dialect.Conversion, from, to ai.Dialect, body []byte) (_ []byte, err error) {
	if from == to {
		if p, ok := g.Formats[from].(dialect.Passer); ok {
			return p.PassRequest(cv, body)
		}
		return body, nil
	}
	// A provider that is spoken to in the hub's own format refuses extension
	// fields; between two other dialects they carry what the hub cannot.
	strict, onward := cv.Strict, cv.Onward
	cv.Strict, cv.Onward = to == ai.OpenAI, from != ai.OpenAI && to != ai.OpenAI
	defer func() { cv.Strict, cv.Onward = strict, onward }()
	if from != ai.OpenAI {
		if body, err = g.translator(from).RequestToHub(cv, body); err != nil {
			return nil, err
		}
	}
	if to != ai.OpenAI {
		return g.translator(to).RequestFromHub(cv, body)
	}
	return body, nil
}

// translateReply turns a whole reply from the provider's dialect into the client's.
func (g *Gateway) translateReply(cv *dialect.Conversion, from, to ai.Dialect, body []byte) (_ []byte, err error) {
	if from == to {
		return body, nil
	}
	if from != ai.OpenAI {
		if body, err = g.translator(from).ReplyToHub(cv, body); err != nil {
			return nil, err
		}
	}
	if to != ai.OpenAI {
		return g.translator(to).ReplyFromHub(cv, body)
	}
	return body, nil
}

// translateStream turns a stream from the provider's dialect into the client's.
func (g *Gateway) translateStream(cv *dialect.Conversion, from, to ai.Dialect, s ai.Stream) ai.Stream {
	if from == to {
		return s
	}
	if from != ai.OpenAI {
		s = g.translator(from).StreamToHub(cv, s)
	}
	if to != ai.OpenAI {
		s = g.translator(to).StreamFromHub(cv, s)
	}
	return s
}
