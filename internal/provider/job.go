package provider

import (
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// A Poller is an Adapter whose provider answers some calls before it has done
// what was asked: the answer names a job that is asked after until it is done. An
// adapter that is none has no such calls.
type Poller interface {
	// Job reads the reply to a call, or to a question after its job, which is then
	// given as before. It returns what to ask next, nil if the reply is the last.
	Job(p *Provider, c *Call, before *Job, reply []byte) (*Job, error)
}

// A Job is what a provider is still working on. Requests for it are signed as the
// call itself is, so that its addresses must be the provider's own: see
// [Provider.Own].
type Job struct {
	Method, URL string // of the question how it stands
	Body        []byte // of that question, nil if it has none
	Cancel      string // address that a POST gives the job up at, "" if there is none
}

// Own refuses an address that a provider has named, but which a key may not be
// sent to. What may is the host that was called, and, where that is one of the
// domain, others of the domain.
func (p *Provider) Own(base, address, domain string) error {
	called, err1 := url.Parse(base)
	named, err2 := url.Parse(address)
	if err1 == nil && err2 == nil && named.User == nil {
		switch {
		case named.Scheme == called.Scheme && strings.EqualFold(named.Host, called.Host):
			return nil
		case named.Scheme == "https" && called.Scheme == "https" && within(named.Host, domain) && within(called.Host, domain):
			return nil
		}
	}
	return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply",
		Message: p.Name + " named an address for its result that is not its own; it was not asked"}
}

// within reports whether a host, without a port, is the domain or below it.
func within(host, domain string) bool {
	host = strings.ToLower(host)
	return host == domain || strings.HasSuffix(host, "."+domain)
}
