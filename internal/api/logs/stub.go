// Package logs shapes the ledger for HTTP.
package logs

import (
	"net/url"

	"github.com/portico-ai/portico/internal/ledger"
)

func ParseFilter(url.Values) (ledger.Filter, ledger.Page, error) {
	return ledger.Filter{}, ledger.Page{Size: 50}, nil
}
func List(l ledger.Listing) any { return l }
func Detail(e *ledger.Entry, read func(ledger.BodyRef) ([]byte, error)) any { return e }
