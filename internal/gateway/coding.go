package gateway

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// decode undoes the compression of a response. No provider is asked for any, but
// one that is asked for nothing may choose.
func decode(resp *http.Response) error {
	switch coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		resp.Body, resp.ContentLength = &unzipped{from: resp.Body}, -1
		return nil
	default:
		return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: "The provider's reply is compressed in a way that was not asked for: " + excerpt([]byte(coding))}
	}
}

// unzipped is a compressed body. Its head is read with its first bytes, so that
// waiting for it counts as waiting for the body.
type unzipped struct {
	from io.ReadCloser
	zip  *gzip.Reader
}

// Read implements io.Reader.
func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			u.zip = nil
			return 0, err
		}
	}
	return u.zip.Read(p)
}

// Close implements io.Closer.
func (u *unzipped) Close() error { return u.from.Close() }
