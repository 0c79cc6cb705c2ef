package dialect

import "github.com/portico-ai/portico/internal/ai"

// A Pair is the format of a client and that of the provider that answers it. What
// goes between two equal ones passes through; between others it goes by the hub.
type Pair struct{ Client, Provider Format }

// Request turns the client's request into the provider's.
func (p Pair) Request(c *Conversion, body []byte) (_ []byte, err error) {
	from, to := p.Client.Dialect(), p.Provider.Dialect()
	if from == to {
		if passer, ok := p.Client.(Passer); ok {
			return passer.PassRequest(c, body)
		}
		return body, nil
	}
	// A provider that is spoken to in the hub's own format refuses extension
	// fields; between two other dialects they carry what the hub cannot.
	strict, onward := c.Strict, c.Onward
	c.Strict, c.Onward = to == ai.OpenAI, from != ai.OpenAI && to != ai.OpenAI
	defer func() { c.Strict, c.Onward = strict, onward }()
	if from != ai.OpenAI {
		if body, err = p.Client.(Translator).RequestToHub(c, body); err != nil {
			return nil, err
		}
	}
	if to != ai.OpenAI {
		return p.Provider.(Translator).RequestFromHub(c, body)
	}
	return body, nil
}

// Reply turns the provider's whole reply into the client's.
func (p Pair) Reply(c *Conversion, body []byte) (_ []byte, err error) {
	from, to := p.Provider.Dialect(), p.Client.Dialect()
	if from == to {
		return body, nil
	}
	if from != ai.OpenAI {
		if body, err = p.Provider.(Translator).ReplyToHub(c, body); err != nil {
			return nil, err
		}
	}
	if to != ai.OpenAI {
		return p.Client.(Translator).ReplyFromHub(c, body)
	}
	return body, nil
}

// Stream turns the provider's stream into the client's, mended.
func (p Pair) Stream(c *Conversion, s ai.Stream) ai.Stream {
	from, to := p.Provider.Dialect(), p.Client.Dialect()
	if m, ok := p.Provider.(Mender); ok {
		s = m.MendStream(c.Op, s)
	}
	if from == to {
		return s
	}
	if from != ai.OpenAI {
		s = p.Provider.(Translator).StreamToHub(c, s)
	}
	if to != ai.OpenAI {
		s = p.Client.(Translator).StreamFromHub(c, s)
	}
	return s
}
