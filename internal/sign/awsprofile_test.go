package sign_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

const (
	profileKeys = `
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = s
[base]
aws_access_key_id = AKIABASE
aws_secret_access_key = s
aws_session_token = base-token
`
	profileConfig = `
[profile ops]
role_arn = arn:aws:iam::1:role/ops
source_profile = base
external_id = ext
role_session_name = portico-ops
duration_seconds = 900
[profile place]
role_arn = arn:aws:iam::1:role/place
credential_source = EcsContainer
[profile env]
role_arn = arn:aws:iam::1:role/env
credential_source = Environment
[profile command]
credential_process = /bin/echo '{"Version":1,"AccessKeyId":"AKIACOMMAND","SecretAccessKey":"s"}'
[profile browser]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 1
sso_role_name = r
[profile factor]
role_arn = arn:aws:iam::1:role/factor
source_profile = base
mfa_serial = arn:aws:iam::1:mfa/me
[profile alone]
role_arn = arn:aws:iam::1:role/alone
[profile empty]
region = eu-west-1
`
)

// useProfiles puts the shared files in place of the operator's own.
func useProfiles(t *testing.T, name string) {
	t.Helper()
	clearAWS(t)
	dir := t.TempDir()
	for variable, text := range map[string]string{"AWS_SHARED_CREDENTIALS_FILE": profileKeys, "AWS_CONFIG_FILE": profileConfig} {
		file := filepath.Join(dir, variable)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, file)
	}
	t.Setenv("AWS_PROFILE", name)
}

func TestProfiles(t *testing.T) {
	for _, c := range []struct {
		profile string
		env     map[string]string
		id      string   // whose signature it is
		asked   []string // of the token service: what and as whom
	}{
		{"", nil, "AKIADEFAULT", nil},
		{"base", nil, "AKIABASE", nil},
		{"base", map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIAENV", nil},
		{"ops", nil, "ASIA1", []string{"arn:aws:iam::1:role/ops", "ext", "portico-ops", "900", "AKIABASE"}},
		{"place", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, "ASIA2", []string{"arn:aws:iam::1:role/place", "", "portico", "900", "ASIAPLACE"}},
		{"command", nil, "AKIACOMMAND", nil},
		{"empty", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, "ASIAPLACE", nil},
	} {
		t.Run(c.profile+" "+c.id, func(t *testing.T) {
			useProfiles(t, c.profile)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			s := &tokenService{expires: time.Hour}
			r := awsRequest(t, "{}")
			if err := sign.NewAWS(through(s), "bedrock").Sign(t.Context(), r, awsFields("aws_auth_type", "serviceRole")); err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential="+c.id+"/") {
				t.Errorf("got %s, want %s", got, c.id)
			}
			if c.asked == nil {
				return
			}
			f := s.forms[len(s.forms)-1]
			got := []string{f.Get("RoleArn"), f.Get("ExternalId"), f.Get("RoleSessionName"), f.Get("DurationSeconds")}
			if strings.Join(got, "|") != strings.Join(c.asked[:4], "|") || !strings.Contains(f.Get("authorization"), "Credential="+c.asked[4]+"/") {
				t.Errorf("asked %v as %s, want %v", got, f.Get("authorization"), c.asked)
			}
		})
	}
}

// A profile that cannot be used is said to be so, rather than passed over for the
// identity of the machine.
func TestProfileMistakes(t *testing.T) {
	for profile, want := range map[string]string{
		"missing": "cannot be read", "browser": "through a browser", "factor": "second factor", "alone": "neither source_profile", "env": "which has none",
	} {
		useProfiles(t, profile)
		r := awsRequest(t, "{}")
		err := sign.NewAWS(through(&tokenService{expires: time.Hour}), "bedrock").Sign(t.Context(), r, awsFields("aws_auth_type", "serviceRole"))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Unauthenticated || !strings.Contains(e.Message, "profile "+profile+" ") || !strings.Contains(e.Message, want) {
			t.Errorf("%s: %v", profile, err)
		}
	}
}

// A request's own keys have nothing to do with the server's profile.
func TestProfilesAreTheServersAlone(t *testing.T) {
	useProfiles(t, "base")
	for _, c := range []sign.Credential{awsFields(), awsFields("aws_auth_type", "accessKey"), awsFields("aws_auth_type", "apiKey")} {
		if err := sign.NewAWS(through(broken{}), "bedrock").Sign(t.Context(), awsRequest(t, "{}"), c); err == nil {
			t.Errorf("%v was signed as the server", c.Fields)
		}
	}
}
