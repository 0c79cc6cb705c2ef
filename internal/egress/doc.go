// Package egress is the one way out of the process: every connection to a
// provider, a webhook, an exporter or an identity provider is dialled here,
// under one policy.
//
// The policy is deny by default: only addresses that are global unicast by the
// IANA special-purpose registries may be dialled. An operator opens single
// hosts, ports and networks (Policy.Allow), and trusts the hosts of its own
// base-URL overrides (Policy.Trust). Addresses of cloud metadata services stay
// closed inside an allowed network; only their exact address opens them.
//
// A name is resolved once. If any of its addresses is denied the whole name is,
// and only the addresses that were checked are dialled, so a name whose answers
// change gains nothing. Redirects are not followed, Alt-Svc is ignored, and the
// proxy variables of the environment are not read.
package egress
