package responses

import "strings"

// What a provider has sealed of its reasoning goes through a client and must
// come back to that provider alone; another refuses it. So what is passed on
// under the other format's name is marked with where it comes from:
//
//   - encrypted_content of a reasoning item that was thinking in the hub:
//     thinkingMark or redactedMark, then the signature or the data;
//   - the signature of thinking that was a reasoning item: itemMark, then the
//     item's id, a space, and its encrypted_content.
const (
	thinkingMark = "thinking:"
	redactedMark = "redacted_thinking:"
	itemMark     = "reasoning:"
)

// sealThinking is the encrypted_content for thinking with the signature, "" if
// it has none.
func sealThinking(signature string) string {
	if signature == "" {
		return ""
	}
	return thinkingMark + signature
}

func sealRedacted(data string) string { return redactedMark + data }

// unseal reads encrypted_content that was thinking in the hub. ok is false for
// what another provider has sealed.
func unseal(encrypted string) (signature, redacted string, ok bool) {
	if signature, ok = strings.CutPrefix(encrypted, thinkingMark); ok {
		return signature, "", true
	}
	redacted, ok = strings.CutPrefix(encrypted, redactedMark)
	return "", redacted, ok
}

// sealItem is the signature for a reasoning item's content, "" if it has none.
func sealItem(id, encrypted string) string {
	if encrypted == "" {
		return ""
	}
	return itemMark + id + " " + encrypted
}

// unsealItem reads a signature that was a reasoning item's.
func unsealItem(signature string) (id, encrypted string, ok bool) {
	rest, ok := strings.CutPrefix(signature, itemMark)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, " ")
}
