package sign

import (
	"context"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/portico-ai/portico/internal/ai"
)

// googleWorkload is the value of vertex_auth_type, in lower case, that signs as
// the server itself: with Google's application-default credentials.
const googleWorkload = "workload"

const serviceAccountField = "vertex_service_account_json"

// Google signs calls to Google Cloud with the first that the credential has: the
// server's own identity (vertex_auth_type workload), a service account
// (vertex_service_account_json), else the key, which is an API key or a ready
// access token. Tokens are kept until shortly before they expire.
type Google struct {
	clients Clients
	now     func() time.Time
	known   remembered[*tokens]
}

// NewGoogle makes a signer that asks for tokens through clients.
func NewGoogle(clients Clients) *Google { return &Google{clients: clients, now: time.Now} }

// UsesOwnIdentity reports whether a call is signed as the server itself.
func (*Google) UsesOwnIdentity(fields map[string]string) bool {
	return strings.EqualFold(fields["vertex_auth_type"], googleWorkload)
}

// IsAPIKey reports whether a key is one of Google's API keys; any other is an
// access token.
func IsAPIKey(key string) bool {
	return strings.HasPrefix(key, "AIza") || strings.HasPrefix(key, "AQ.")
}

// Sign implements Func.
func (g *Google) Sign(ctx context.Context, r *http.Request, c Credential) error {
	delete(r.Header, "Authorization")
	delete(r.Header, "X-Goog-Api-Key")
	account := c.Fields[serviceAccountField]
	switch mode := c.Fields["vertex_auth_type"]; {
	case g.UsesOwnIdentity(c.Fields):
		return g.token(ctx, r, "vertex_auth_type "+googleWorkload, []string{googleWorkload}, func() (fetch, error) { return g.ownIdentity, nil })
	case mode != "":
		return &ai.Error{Kind: ai.Invalid, Param: "vertex_auth_type",
			Message: "vertex_auth_type must be workload, or be left out for a service account, an access token or an API key"}
	case account != "":
		return g.token(ctx, r, "the service account", []string{serviceAccountField, account}, func() (fetch, error) { return g.serviceAccount(account) })
	case c.Key.IsZero():
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "missing_provider_key",
			Message: "No credential for Google. Use a virtual key (x-portkey-virtual-key or @slug/model), or set " + serviceAccountField +
				" in the config's target, or send an access token or API key as Authorization: Bearer beside x-portkey-api-key"}
	case IsAPIKey(c.Key.Reveal()):
		r.Header["X-Goog-Api-Key"] = []string{c.Key.Reveal()}
		return nil
	}
	return Bearer(ctx, r, c)
}

// token signs r with a token of the identity that key tells from others; whose
// is what messages call it.
func (g *Google) token(ctx context.Context, r *http.Request, whose string, key []string, make func() (fetch, error)) error {
	source, err := g.known.get(key, func() (*tokens, error) {
		f, err := make()
		return &tokens{fetch: f, now: g.now}, err
	})
	if err != nil {
		return err
	}
	token, err := source.get(ctx)
	if err != nil {
		return noGoogleToken(ctx, whose, err)
	}
	r.Header["Authorization"] = []string{"Bearer " + token}
	return nil
}

// A fetch asks for a fresh token.
type fetch func(context.Context) (*oauth2.Token, error)
