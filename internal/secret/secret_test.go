package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testBox(t *testing.T, fill byte) *Box {
	t.Helper()
	b, err := NewBox(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestASealedValueOpensOnlyWhereItBelongs(t *testing.T) {
	box := testBox(t, 1)
	home := Binding{Tenant: "org", Kind: "virtual-key", ID: "1", Host: "api.example.com"}
	sealed := box.Seal([]byte("sk-canary"), home)
	if strings.Contains(sealed, "canary") {
		t.Fatalf("not sealed: %s", sealed)
	}
	if got, err := box.Open(sealed, home); err != nil || string(got) != "sk-canary" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if again := box.Seal([]byte("sk-canary"), home); again == sealed {
		t.Error("the same nonce was used twice")
	}
	tests := map[string]struct {
		box    *Box
		sealed string
		to     Binding
	}{
		"another master key":  {testBox(t, 2), sealed, home},
		"another tenant":      {box, sealed, Binding{"org2", "virtual-key", "1", "api.example.com"}},
		"another kind":        {box, sealed, Binding{"org", "config", "1", "api.example.com"}},
		"another row":         {box, sealed, Binding{"org", "virtual-key", "2", "api.example.com"}},
		"another host":        {box, sealed, Binding{"org", "virtual-key", "1", "evil.example.com"}},
		"parts that run over": {box, sealed, Binding{"orgv", "irtual-key", "1", "api.example.com"}},
		"another format":      {box, "v2" + sealed[2:], home},
		"cut":                 {box, sealed[:10], home},
		"not base64":          {box, "v1:!!", home},
		"altered":             {box, flip(t, sealed), home},
	}
	for name, tt := range tests {
		if got, err := tt.box.Open(tt.sealed, tt.to); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: Open = %q, %v; want ErrSealed", name, got, err)
		}
	}
}

func flip(t *testing.T, sealed string) string {
	t.Helper()
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(sealed, formatV1))
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	return formatV1 + base64.RawStdEncoding.EncodeToString(raw)
}

func TestDataKeySurvivesANewMasterKey(t *testing.T) {
	before, after := testBox(t, 1), testBox(t, 2)
	org := Binding{Tenant: "org", Kind: "data-key"}
	sealedKey, data, err := before.NewDataKey(org)
	if err != nil {
		t.Fatal(err)
	}
	value := data.Seal([]byte("x"), Binding{ID: "1"})
	key, err := before.Open(sealedKey, org)
	if err != nil {
		t.Fatal(err)
	}
	reopened, err := after.OpenDataKey(after.Seal(key, org), org)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := reopened.Open(value, Binding{ID: "1"}); err != nil || string(got) != "x" {
		t.Errorf("Open = %q, %v", got, err)
	}
}

func TestMasterKeyFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Master(Source{Dir: dir}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a lost key: %v", err)
	}
	first, err := Master(Source{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, MasterFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("master.key: %v %v, want mode 0600", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files in the folder, want 1", len(entries))
	}
	second, err := Master(Source{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(first.Seal([]byte("x"), Binding{}), Binding{}); err != nil || string(got) != "x" {
		t.Errorf("the key changed between two starts: %v", err)
	}
}

func TestMasterKeyPrecedenceAndErrors(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, KeySize))
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := testBox(t, 7).Seal([]byte("x"), Binding{})
	for name, from := range map[string]Source{"value": {Value: text, File: "/nowhere"}, "file": {File: file, Dir: "/nowhere"}} {
		box, err := Master(from)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := box.Open(sealed, Binding{}); err != nil {
			t.Errorf("%s is not the key that was given", name)
		}
	}
	for name, from := range map[string]Source{
		"short":      {Value: "c2hvcnQ="},
		"not base64": {Value: "!!!"},
		"no file":    {File: filepath.Join(t.TempDir(), "none")},
	} {
		_, err := Master(from)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if from.Value != "" && strings.Contains(err.Error(), from.Value) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestDigests(t *testing.T) {
	a, b := NewDigester(NewPepper()), NewDigester(NewPepper())
	if a.Digest("ptk_1") != a.Digest("ptk_1") || a.Digest("ptk_1") == a.Digest("ptk_2") {
		t.Error("a digest does not identify its key")
	}
	if a.Digest("ptk_1") == b.Digest("ptk_1") {
		t.Error("the pepper makes no difference")
	}
}

func TestPasswords(t *testing.T) {
	hash := HashPassword("correct horse")
	if hash == HashPassword("correct horse") {
		t.Error("the salt was used twice")
	}
	if ok, err := VerifyPassword(hash, "correct horse"); !ok || err != nil {
		t.Errorf("right password: %v %v", ok, err)
	}
	if ok, err := VerifyPassword(hash, "wrong"); ok || err != nil {
		t.Errorf("wrong password: %v %v", ok, err)
	}
	for _, bad := range []string{"", "$", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"} {
		if ok, err := VerifyPassword(bad, "x"); ok || err == nil {
			t.Errorf("VerifyPassword(%q) = %v, %v; want an error", bad, ok, err)
		}
	}
}
