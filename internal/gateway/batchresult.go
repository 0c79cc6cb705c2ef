package gateway

import (
	"bufio"
	"io"
	"net/http"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/provider"
)

// results says how to read the file that a call asks for, if it is one of a
// batch's results in the provider's own form.
func (a *answer) results(c *Call) provider.ResultReader {
	p := a.destination.provider
	if c.Op != ai.GetFileContent || p.BatchResults == nil {
		return nil
	}
	return p.BatchResults(provider.ObjectID(c.Rest))
}

// translateResults makes the body of a reply one of OpenAI's results. They are
// translated line by line as the client reads them.
func (g *Gateway) translateResults(a *answer, resp *http.Response, read provider.ResultReader) {
	resp.Body = resultBody{
		Reader: &lineReader{lines: bufio.NewReaderSize(resp.Body, 64<<10), translate: func(number int, line []byte) ([]byte, error) {
			return g.resultLine(a, number, line, read), nil
		}},
		Closer: resp.Body,
	}
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
	resp.Header.Set("Content-Type", "application/jsonl")
}

type resultBody struct {
	io.Reader
	io.Closer
}

// resultLine is a line of OpenAI's results. One that cannot be read becomes an
// error of its request's, so that the others are not lost with it.
func (g *Gateway) resultLine(a *answer, number int, line []byte, read provider.ResultReader) []byte {
	result, err := read(line)
	var body []byte
	switch {
	case err != nil:
	case result.Err != nil:
		err = result.Err
	default:
		cv := &dialect.Conversion{Op: result.Op, Model: result.Model, ID: a.conversion.ID, Now: a.conversion.Now, Strict: a.conversion.Strict}
		body, err = g.pair(ai.OpenAI, result.Dialect).Reply(cv, result.Reply)
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", "batch_req_"+a.conversion.ID+"_"+strconv.Itoa(number))
	w.StringMember("custom_id", result.ID)
	if err != nil {
		w.RawMember("response", nil)
		writeResultError(&w, ai.AsError(err))
	} else {
		w.Key("response")
		w.Object()
		w.IntMember("status_code", http.StatusOK)
		w.StringMember("request_id", jsonedit.Text(jsonedit.Get(body, "id")))
		w.RawMember("body", body)
		w.EndObject()
		w.RawMember("error", nil)
	}
	w.EndObject()
	return w.Bytes()
}

func writeResultError(w *jsonedit.Writer, e *ai.Error) {
	w.Key("error")
	w.Object()
	w.StringMember("code", firstOf(e.Code, e.Type, strconv.Itoa(e.HTTPStatus())))
	w.StringMember("message", e.Message)
	w.EndObject()
}
