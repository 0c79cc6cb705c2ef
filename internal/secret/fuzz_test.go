package secret

import (
	"strings"
	"testing"
)

// FuzzSealed expects that nothing opens but what was sealed for the same place,
// and that no stored hash can ask for more than a login may cost.
func FuzzSealed(f *testing.F) {
	box, err := NewBox(make([]byte, KeySize))
	if err != nil {
		f.Fatal(err)
	}
	to := Binding{}
	sealed := box.Seal([]byte("plain"), to)
	f.Add(sealed)
	f.Add(sealed[:len(sealed)-1] + "A")
	f.Add("$argon2id$v=19$m=4294967295,t=99,p=1$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if plain, err := box.Open(text, to); err == nil && string(plain) != "plain" {
			t.Errorf("%q opens as %q", text, plain)
		}
		if _, err := parseMaster(text, "the text"); err != nil && !strings.Contains(err.Error(), "the text") {
			t.Errorf("%v does not say where it was", err)
		}
		if !strings.Contains(text, "m=") {
			if ok, err := VerifyPassword(text, "x"); ok || err == nil {
				t.Errorf("%q is no hash", text)
			}
		}
	})
}
