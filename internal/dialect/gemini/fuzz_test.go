package gemini

import (
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// fuzzDocs are where the fuzzers begin: requests and replies of both formats.
func fuzzDocs(f *testing.F) {
	for _, test := range fromHubCases {
		f.Add(test.hub)
		f.Add(test.want)
	}
	for _, doc := range append([]string{whole, thoughtChunk, callChunk, signedChunk, `{"promptFeedback":{"blockReason":"SAFETY"}}`, `{"embedding":{"values":[1]}}`}, geminiTurns...) {
		f.Add(doc)
	}
}

// document checks what a translation of a valid document gave.
func document(t *testing.T, in string, out []byte, err error) {
	t.Helper()
	if err != nil {
		if e := ai.AsError(err); e.Kind == ai.Internal {
			t.Fatalf("%v for %s", err, in)
		}
		return
	}
	if _, err := jsonedit.Scan(out); err != nil && !strings.Contains(err.Error(), "levels deep") {
		if e := ai.AsError(err); e.Param == "" { // a member that policy guards may be of another type
			t.Fatalf("%v\nin  %s\nout %s", err, in, out)
		}
	}
}

func fuzzWhole(f *testing.F, ops []ai.Op, translate func(*dialect.Conversion, []byte) ([]byte, error)) {
	fuzzDocs(f)
	f.Fuzz(func(t *testing.T, doc string) {
		if _, err := jsonedit.Scan([]byte(doc)); err != nil {
			t.Skip("skipped: a body that no door lets in")
		}
		for _, op := range ops {
			for _, c := range []*dialect.Conversion{strict(), conversion(), onward()} {
				c.Op = op
				out, err := translate(c, []byte(doc))
				document(t, doc, out, err)
			}
		}
	})
}

func FuzzRequestToHub(f *testing.F) {
	fuzzWhole(f, []ai.Op{ai.Chat, ai.Embed}, New().RequestToHub)
}

func FuzzRequestFromHub(f *testing.F) {
	fuzzWhole(f, []ai.Op{ai.Chat, ai.Embed}, New().RequestFromHub)
}

func FuzzReplyToHub(f *testing.F) {
	fuzzWhole(f, []ai.Op{ai.Chat, ai.Embed, ai.Models}, New().ReplyToHub)
}

func FuzzReplyFromHub(f *testing.F) {
	fuzzWhole(f, []ai.Op{ai.Chat, ai.Embed, ai.Models}, New().ReplyFromHub)
}

// FuzzStream feeds a stream's bytes to everything that reads streams. Nothing may
// look whole that the watcher does not call finished.
func FuzzStream(f *testing.F) {
	f.Add(sseOf(thoughtChunk, textChunk, callChunk, signedChunk))
	f.Add(sseOf(callChunk, otherChunk) + "data: [DONE]\n\n")
	f.Add(sseOf(`{"promptFeedback":{"blockReason":1}}`))
	f.Add(sseOf(`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}`, `{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a[3].b","stringValue":"x"}]}}]},"finishReason":"STOP"}]}`))
	f.Fuzz(func(t *testing.T, body string) {
		w, _ := watch(streamOfText(body))
		for _, c := range []*dialect.Conversion{strict(), conversion(), onward()} {
			hub, err := drain(New().StreamToHub(c, streamOfText(body)))
			if strings.HasSuffix(hub, "data: [DONE]\n\n") && err == nil && !w.Finished() {
				t.Fatalf("it looks whole: %s", hub)
			}
			_, _ = drain(New().StreamFromHub(c, streamOfText(hub)))
			_, _ = drain(New().StreamFromHub(c, streamOfText(body)))
		}
	})
}

func FuzzParseError(f *testing.F) {
	f.Add(`{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}`)
	f.Add(`[{"error":{"code":400}}]`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, status := range []int{0, 400} {
			e := New().ParseError(status, []byte(body))
			if e == nil || e.Message == "" || e.HTTPStatus() < 400 {
				t.Fatalf("%+v for %q", e, body)
			}
			if _, err := jsonedit.Scan(New().ErrorBody(e)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzSchema(f *testing.F) {
	f.Add(`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}],"allOf":[{"const":1}]}}}`)
	f.Add(`{"type":["string","null"],"enum":["a",null],"items":{"prefixItems":[true]},"nullable":true}`)
	f.Fuzz(func(t *testing.T, doc string) {
		if _, err := jsonedit.Scan([]byte(doc)); err != nil {
			t.Skip("skipped: a body that no door lets in")
		}
		for _, own := range []bool{true, false} {
			fh := fromHub{c: conversion()}
			out := fh.level([]byte(doc), "s", own)
			if fh.err == nil {
				document(t, doc, out, nil)
			}
			th := toHub{c: conversion()}
			document(t, doc, th.plainSchema([]byte(doc), "s"), nil)
		}
	})
}
