package route

import (
	"net/http"
	"testing"
	"time"
)

// FuzzRetryAfter expects a wait that is none or positive of whatever a provider
// writes.
func FuzzRetryAfter(f *testing.F) {
	f.Add("1500", "2.5", "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add("-1", "1e400", "NaN")
	f.Fuzz(func(t *testing.T, millis, azure, seconds string) {
		h := http.Header{"Retry-After-Ms": {millis}, "X-Ms-Retry-After-Ms": {azure}, "Retry-After": {seconds}}
		if d, ok := ParseRetryAfter(h, time.Unix(1e9, 0)); d < 0 || !ok && d != 0 {
			t.Errorf("%v, %v", d, ok)
		}
	})
}
