package ledger

import (
	"context"
	"time"
)

// A Position is a place in the journal: everything before it has been read.
type Position struct {
	Segment uint64
	Offset  int64
}

// A Reader follows the journal. Apply takes a batch of settled entries and the
// position after it, and stores both in one step, so that applying a batch twice
// changes nothing; an empty batch stores the position alone. Position is where it
// wants to go on from; it is asked at the start and after every failed Apply, so a
// reader that lost what it had may begin anew by answering the zero Position. An
// entry with RepricedAt is one that came before, again: only its cost is taken, and
// only where there was none. The
// entries are shared with other readers: they must not be changed, and the batch
// itself is only lent for the call.
type Reader interface {
	Apply(ctx context.Context, batch []*Entry, upTo Position) error
	Position(ctx context.Context) (Position, error)
}

// Logs is the log store's port: what is asked of the entries once they are read.
// Every question names the workspace it is asked for.
type Logs interface {
	Get(ctx context.Context, workspaceID, id string) (Entry, error) // ai.NotFound if there is none
	List(ctx context.Context, workspaceID string, f Filter, p Page) (Listing, error)
	// Scan reads many whole entries in the order of List, a part at a time: up to
	// size of them, MaxPage at most, and where to go on, "" at the end.
	Scan(ctx context.Context, workspaceID string, f Filter, after string, size int) (entries []Entry, next string, err error)
	// Traces sums up the traces that have an entry which passes, the one with the
	// newest of them first.
	Traces(ctx context.Context, workspaceID string, f Filter, p Page) (TraceListing, error)
	// Feedback answers newest first, by creation, MaxFeedback at most.
	Feedback(ctx context.Context, workspaceID string, f FeedbackFilter) ([]Feedback, error)
	// ListFeedback answers a page of the same.
	ListFeedback(ctx context.Context, workspaceID string, f FeedbackFilter, p Page) (FeedbackListing, error)
}

// A Filter says which entries are asked for. Zero fields do not; slices mean any of; bounds are
// inclusive, except To. Tokens count as 0 where usage is unknown, while a bound on
// cost passes only entries whose cost is known, and one on feedback only those of
// traces that have some.
type Filter struct {
	From, To             time.Time // From inclusive, To exclusive
	IDs                  []string
	TraceIDs, SpanIDs    []string
	Statuses             []int
	States               []State
	Providers, Models    []string
	ProviderModels       []ProviderModel
	Virtual, Configs     []string // slugs; Configs also takes ids
	KeyIDs               []string
	Users                []string // as Entry.EndUser has them
	Caches               []string
	CostMin, CostMax     *int64 // nano-dollars
	TokensMin, TokensMax *int64
	InputMin, InputMax   *int64
	OutputMin, OutputMax *int64
	Prompts              []string // values of PromptKey in the metadata
	FeedbackMin          *int64   // of the mean of the trace's feedback, in millionths
	FeedbackMax          *int64
	Metadata             map[string]string // every pair must be there
	Text                 string            // any part, in any case, of an id, trace id, model, path, error or metadata
}

// PromptKey is the metadata key that names a prompt by slug.
const PromptKey = "_prompt"

// A ProviderModel is one provider's model.
type ProviderModel struct{ Provider, Model string }

// A Page selects a part of a list, newest first. After is a cursor from a
// Listing; with it, Offset is ignored.
type Page struct {
	Size, Offset int
	After        string
}

// MaxPage is the largest page size; DefaultPage the one meant by 0.
const (
	MaxPage     = 500
	DefaultPage = 50
)

// Bounds returns the size within its limits and the offset, 0 beside a cursor.
func (p Page) Bounds() (size, offset int) {
	size, offset = min(p.Size, MaxPage), max(p.Offset, 0)
	if size <= 0 {
		size = DefaultPage
	}
	if p.After != "" {
		offset = 0
	}
	return size, offset
}

// A Listing is one page. Its entries are briefs (Entry.Brief).
type Listing struct {
	Entries []Entry
	Total   int64
	Scores  map[string]Score // of the entries' traces that have feedback, by trace id
	Next    string           // "" at the end
}
