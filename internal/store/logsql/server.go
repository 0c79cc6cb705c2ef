package logsql

import (
	"context"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Server is a database that may be out of reach. Its tables are made once it
// can be reached, and who asks meanwhile is told so. It has the methods of
// ledger.Logs and ledger.Analytics.
type Server struct {
	Asker       Asker
	Migrate     func(ctx context.Context) error // makes the tables where they are missing
	Unreachable func(err error) bool            // it is about the way to the server, not about what was asked

	mu     sync.Mutex
	ready  bool      // the schema is known to be ours
	tried  time.Time // when it could not be looked at last
	failed error     // why not
}

// retryAfter is how long callers are spared the wait for a server that could not
// be reached.
const retryAfter = time.Second

// Prepare makes the tables once the server can be reached.
func (s *Server) Prepare(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready || time.Since(s.tried) < retryAfter {
		return s.failed
	}
	s.failed = s.Migrate(ctx)
	if s.ready = s.failed == nil; !s.ready && ctx.Err() == nil {
		s.tried = time.Now()
	}
	return s.failed
}

// Use is Prepare, with an error for clients.
func (s *Server) Use(ctx context.Context) error { return s.Explain(ctx, s.Prepare(ctx)) }

// Explain makes of an error that the server cannot be reached one that clients
// are told of.
func (s *Server) Explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || !s.Unreachable(err) {
		return err
	}
	return &ai.Error{
		Kind: ai.Unavailable, Op: s.Asker.Name, RetryAfter: 5 * time.Second, Err: err,
		Message: "The log store cannot be reached at the moment; requests are recorded and will be in it later",
	}
}

// ask puts a question to a server that is ready for it.
func ask[T any](ctx context.Context, s *Server, question func(Asker) (T, error)) (T, error) {
	if err := s.Use(ctx); err != nil {
		var none T
		return none, err
	}
	answer, err := question(s.Asker)
	return answer, s.Explain(ctx, err)
}

// Get implements ledger.Logs.
func (s *Server) Get(ctx context.Context, workspaceID, id string) (ledger.Entry, error) {
	return ask(ctx, s, func(a Asker) (ledger.Entry, error) { return a.Get(ctx, workspaceID, id) })
}

// List implements ledger.Logs.
func (s *Server) List(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.Listing, error) {
	return ask(ctx, s, func(a Asker) (ledger.Listing, error) { return a.List(ctx, workspaceID, f, p) })
}

// Scan implements ledger.Logs.
func (s *Server) Scan(ctx context.Context, workspaceID string, f ledger.Filter, after string, size int) (list []ledger.Entry, next string, err error) {
	list, err = ask(ctx, s, func(a Asker) (list []ledger.Entry, err error) {
		list, next, err = a.Scan(ctx, workspaceID, f, after, size)
		return list, err
	})
	return list, next, err
}

// Traces implements ledger.Logs.
func (s *Server) Traces(ctx context.Context, workspaceID string, f ledger.Filter, p ledger.Page) (ledger.TraceListing, error) {
	return ask(ctx, s, func(a Asker) (ledger.TraceListing, error) { return a.Traces(ctx, workspaceID, f, p) })
}

// Feedback implements ledger.Logs.
func (s *Server) Feedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter) ([]ledger.Feedback, error) {
	return ask(ctx, s, func(a Asker) ([]ledger.Feedback, error) { return a.Feedback(ctx, workspaceID, f) })
}

// ListFeedback implements ledger.Logs.
func (s *Server) ListFeedback(ctx context.Context, workspaceID string, f ledger.FeedbackFilter, p ledger.Page) (ledger.FeedbackListing, error) {
	return ask(ctx, s, func(a Asker) (ledger.FeedbackListing, error) { return a.ListFeedback(ctx, workspaceID, f, p) })
}

// Analyse implements ledger.Analytics.
func (s *Server) Analyse(ctx context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	return ask(ctx, s, func(a Asker) (ledger.Answer, error) { return a.Analyse(ctx, workspaceIDs, q) })
}

// Unpriced is Asker.Unpriced.
func (s *Server) Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error {
	if err := s.Use(ctx); err != nil {
		return err
	}
	return s.Explain(ctx, s.Asker.Unpriced(ctx, from, show))
}
