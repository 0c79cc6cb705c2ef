package sign

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
)

// FuzzServiceAccount expects of every document a way to ask for tokens, or an error
// that names the field.
func FuzzServiceAccount(f *testing.F) {
	f.Add(`{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n","token_uri":"https://x"}`)
	f.Add(`{"type":"external_account","credential_source":{"file":"/etc/passwd"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		_, err := new(Google).serviceAccount(document)
		if e := ai.AsError(err); err != nil && (e.Kind != ai.Invalid || e.Param != serviceAccountField) {
			t.Errorf("%v", err)
		}
	})
}
