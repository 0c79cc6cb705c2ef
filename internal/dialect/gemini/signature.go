package gemini

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// signatureMark stands between the id of a call and its thought signature. It is
// in no id of a provider's and in no base64 text.
const signatureMark = "~"

// signedID is a call's id with its thought signature.
func signedID(id, signature string) string {
	if signature == "" {
		return id
	}
	return id + signatureMark + signature
}

// splitID takes a call's id and its signature apart.
func splitID(id string) (bare, signature string) {
	bare, signature, _ = strings.Cut(id, signatureMark)
	return bare, signature
}

// callID is the id of the nth call of a reply that gave it none. reply is the id
// of the reply's request, so that no two calls of a conversation share one.
func callID(reply string, n int) string {
	return "call_" + strings.ReplaceAll(reply, "-", "") + "_" + strconv.Itoa(n)
}

// signatureOf is the signature that a call of the hub carries: in its function,
// as Portkey's clients send it, as Google's own OpenAI endpoint has it, or in its
// id.
func signatureOf(call, function []byte, inID string) string {
	for _, s := range [][]byte{
		jsonedit.Get(function, "thought_signature"),
		jsonedit.Get(call, "extra_content", "google", "thought_signature"),
	} {
		if text := jsonedit.Text(s); text != "" {
			return text
		}
	}
	return inID
}

// noSignature is what Google documents for calls that another model made, the words
// skip_thought_signature_validator in base64: with it a Gemini 3 model takes them as
// they are. Source: ai.google.dev, thought signatures, FAQ.
const noSignature = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

// wantsSignatures reports whether a model refuses calls without a signature.
func wantsSignatures(model string) bool { return strings.Contains(model, "gemini-3") }
