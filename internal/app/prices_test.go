package app

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPriceFileIsFollowed changes the operator's prices while the server runs: in
// place, by another file in its place, by a faulty one, and by taking it away.
func TestPriceFileIsFollowed(t *testing.T) {
	cfg := testConfig(t)
	cfg.Prices = filepath.Join(t.TempDir(), "prices.json")
	write := func(path, text string) {
		t.Helper()
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	price := func(dollars string) string {
		return `{"house": {"m": {"rates": {"input": "` + dollars + `"}}}}`
	}
	write(cfg.Prices, price("1"))
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	defer a.Close() //nolint:errcheck // the test is over
	follow := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.prices.follow(ctx, 5*time.Millisecond) }()
		return func() { cancel(); <-done }
	}
	stop := follow()

	input := func() string {
		doc, ok := a.prices.Catalogue().PortkeyPricing("house", "m")
		var p struct {
			Pay map[string]struct{ Price json.Number } `json:"pay_as_you_go"`
		}
		if !ok || json.Unmarshal(doc, &p) != nil {
			return ""
		}
		return p.Pay["request_token"].Price.String()
	}
	ready := func() string {
		w := httptest.NewRecorder()
		a.ready(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Body.String()
	}
	eventually := func(what, want string, stale bool) {
		t.Helper()
		for range 400 {
			if input() == want && (a.prices.stale() > 0) == stale {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		if input() != want || (a.prices.stale() > 0) != stale || strings.Contains(ready(), "price file") != stale {
			t.Errorf("%s: price %s, stale %v, %s; want %s, %v", what, input(), a.prices.stale(), ready(), want, stale)
		}
	}
	eventually("at the start", "0.0001", false)
	write(cfg.Prices, price("20"))
	eventually("changed", "0.002", false)
	write(cfg.Prices, `{"house": {"m": {"rates": {"inptu": "3"}}}}`)
	eventually("faulty", "0.002", true)
	write(cfg.Prices+".new", price("30"))
	must(t, os.Rename(cfg.Prices+".new", cfg.Prices))
	eventually("another in its place", "0.003", false)
	must(t, os.Remove(cfg.Prices))
	eventually("away", "0.003", true)
	write(cfg.Prices, price("40"))
	eventually("back", "0.004", false)

	// One that looks the same is read when asked for.
	info, err := os.Stat(cfg.Prices)
	must(t, err)
	stop()
	write(cfg.Prices, price("50"))
	must(t, os.Chtimes(cfg.Prices, info.ModTime(), info.ModTime()))
	defer follow()()
	time.Sleep(50 * time.Millisecond)
	if input() != "0.004" {
		t.Errorf("price %s, and nothing shows that the file has changed", input())
	}
	must(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	eventually("after SIGHUP", "0.005", false)
}

func TestAFaultyPriceFileStopsTheStart(t *testing.T) {
	cfg := testConfig(t)
	cfg.Prices = filepath.Join(t.TempDir(), "prices.json")
	must(t, os.WriteFile(cfg.Prices, []byte(`{"house": {"m": {}}}`), 0o600))
	if _, err := New(t.Context(), cfg, discard); err == nil || !strings.Contains(err.Error(), "house.m: has no price") {
		t.Errorf("error %v", err)
	}
}
