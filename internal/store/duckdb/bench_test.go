package duckdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// typical is the nth of a stream of entries, about 60 a second.
func typical(n int) ledger.Entry {
	at := time.Unix(1_700_000_000, 0).Add(time.Duration(n) * 16 * time.Millisecond).UTC()
	e := ledger.Entry{
		ID: fmt.Sprintf("%012x-7%03x-8000-%012x", at.UnixMilli(), n%4096, n*7919), StartedAt: at,
		OrgID: "018f0000-0000-7000-8000-0000000000aa", WorkspaceID: fmt.Sprintf("018f0000-0000-7000-8000-00000000000%d", n%3),
		KeyID: fmt.Sprintf("018f0000-0000-7000-8000-0000000001%02d", n%40), UserID: fmt.Sprintf("user-%d", n*31%5000),
		TraceID: fmt.Sprintf("%016x%016x", n*104729, n*7907), SpanID: fmt.Sprintf("%016x", n*15485863),
		Op: ai.Chat, Dialect: ai.OpenAI, Method: "POST", Path: "/v1/chat/completions", State: ledger.OK, Status: 200,
		LastStep: "config.targets[0]", Mode: "fallback", Cache: "DISABLED", Provider: []string{"openai", "anthropic", "groq"}[n%3],
		Model: fmt.Sprintf("model-%d-2024-07-18", n%17), AskModel: fmt.Sprintf("model-%d", n%17), Virtual: "openai-prod",
		URL: "https://api.openai.com/v1/chat/completions", ConfigID: "018f0000-0000-7000-8000-0000000000dd", ConfigSlug: "pc-main-123456", ConfigVersion: "3",
		Usage:    ai.Usage{Known: true, InputTokens: int64(n*37%4000 + 10), OutputTokens: int64(n*91%900 + 1), CacheReadTokens: 1024, ServiceTier: "default"},
		CostNano: int64(n * 733 % 1e7), CostKnown: true, PriceVersion: "2026-11-01", TotalMicros: int64(n*7919%5_000_000 + 1000), UpstreamMicros: 1_230_000,
		Attempts:  []ledger.Attempt{{Step: "config.targets[0]", Provider: "openai", Model: "gpt-4o-mini", Virtual: "openai-prod", URL: "https://api.openai.com/v1/chat/completions", Status: 200, StartMicros: 400, HeadMicros: 900_000, TotalMicros: int64(n), Upstream: fmt.Sprintf("req_%x", n*7)}},
		Decisions: []ledger.Decision{{Path: "config", Mode: "fallback", Reason: "first target"}},
		Metadata:  map[string]string{"_user": fmt.Sprintf("user-%d", n*31%5000), "environment": "production"},
		ClientIP:  "203.0.113.9", SDK: "portkey-ai-3.1.0", Runtime: "node v22.1.0",
		Request: ledger.BodyRef{Segment: 1, Offset: int64(n) * 9000, Length: 9000}, Reply: ledger.BodyRef{Segment: 1, Offset: int64(n)*9000 + 800, Length: 1500},
	}
	if n%50 == 0 {
		e.State, e.Status = ledger.Failed, 503
		e.Error = &ledger.ErrorInfo{Message: "The server is overloaded", Type: "server_error", Code: "overloaded"}
	}
	return e
}

func typicalEntry(n int) *ledger.Entry {
	e := typical(n)
	return &e
}

func fillStore(tb testing.TB, s *Store, from, to, batch int) {
	tb.Helper()
	list := make([]*ledger.Entry, 0, batch)
	for n := from; n < to; n += batch {
		list = list[:0]
		for i := n; i < min(n+batch, to); i++ {
			list = append(list, typicalEntry(i))
		}
		if err := s.Apply(tb.Context(), list, ledger.Position{Segment: 1, Offset: int64(n + batch)}); err != nil {
			tb.Fatal(err)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func rss() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// BenchmarkApply reports the CPU of one row, all in: encoding, duplicates'
// check, appending, committing and, now and then, the checkpoint.
func BenchmarkApply(b *testing.B) {
	for _, batch := range []int{10, 100, 1000, 8192} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s := mustOpen(b, filepath.Join(b.TempDir(), "logs.duckdb"))
			list := make([]*ledger.Entry, batch)
			n := 0
			var used time.Duration
			for b.Loop() {
				for i := range list {
					list[i] = typicalEntry(n)
					n++
				}
				before := cpu()
				if err := s.Apply(b.Context(), list, ledger.Position{Segment: 1, Offset: int64(n)}); err != nil {
					b.Fatal(err)
				}
				used += cpu() - before
			}
			b.ReportMetric(float64(used.Nanoseconds())/float64(n), "cpu-ns/row")
		})
	}
}

// millionRows makes a store of a million rows and closes it.
func millionRows(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "logs.duckdb")
	s, err := Open(path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	fillStore(b, s, 0, 1_000_000, 1000)
	b.Logf("RSS after taking in a million rows: %.0f MB", rss())
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes a row; RSS once closed %.0f MB", st.Size()/1_000_000, rss())
	return path
}

func BenchmarkMillionRows(b *testing.B) {
	path := millionRows(b)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	s := mustOpen(b, path)
	b.Logf("RSS with the file open: %.0f MB", rss())
	e := typical(123_456)
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Get(b.Context(), e.WorkspaceID, e.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	day := typical(900_000).StartedAt
	ten := int64(10)
	for name, f := range map[string]ledger.Filter{
		"list/all": {}, "list/from": {From: day}, "list/state": {States: []ledger.State{ledger.Failed}},
		"list/model": {Models: []string{"model-3-2024-07-18"}}, "list/trace": {TraceIDs: []string{e.TraceID}},
		"list/metadata": {Metadata: map[string]string{"_user": "user-31"}}, "list/cost": {CostMax: &ten},
		"list/text": {Text: "overloaded"}, "list/none": {Text: "no such text"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), e.WorkspaceID, f, ledger.Page{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Logf("RSS after the queries: %.0f MB", rss())
}
