package ledger

import (
	"context"
	"time"
)

// Analytics is the log store's port for questions about many entries at once.
type Analytics interface {
	// Analyse answers q about the entries of the named workspaces, and no others.
	Analyse(ctx context.Context, workspaceIDs []string, q Question) (Answer, error)
}

// A Question asks for some measures of the entries that pass a filter, for each
// group of them.
type Question struct {
	Filter Filter
	Only   Condition // leaves out the entries that are not
	// Of is what is counted: the entries, or the feedback of their traces. Entries
	// whose Op is ai.Span are none of the former.
	Of Subject
	// Edges divide time: bucket i begins at Edges[i] and ends before Edges[i+1].
	// Entries outside are left out. With fewer than two there is no time axis.
	Edges []time.Time
	// By are what entries are grouped by. Those for which one is "" are left out.
	By       []Dimension
	Measures []Measure
	// Order sorts the groups. Those it holds equal, or all of them without it, are
	// in the order of their buckets and then their keys.
	Order *Order
	// Limit and Offset select from the sorted groups; 0 is no limit.
	Limit, Offset int
}

// An Answer has a row for every group that has entries. Without edges and
// dimensions that is one row, or none.
type Answer struct {
	Rows  []AnswerRow
	Total int64 // groups, whatever the limit
}

// An AnswerRow is one group: its bucket, 0 if there are none, its keys in the
// order of Question.By, and its values in the order of Question.Measures.
type AnswerRow struct {
	Bucket int
	Keys   []string
	Values []int64
}

// A Subject is what a question is about.
type Subject string

// Of feedback, each one is counted once in every group that has an entry of its
// trace. It may be grouped ByScore, and measured by Count and the Sum of Weighted,
// without a condition.
const (
	Entries   Subject = ""
	Feedbacks Subject = "feedback"
)

// A Field is something of an entry that entries can be grouped by.
type Field string

// The fields. Numbers are grouped by their decimal text.
const (
	ByWorkspace Field = "workspace"
	ByProvider  Field = "provider"
	ByModel     Field = "model"
	ByStatus    Field = "status"
	ByKey       Field = "key"
	ByUser      Field = "user" // Entry.EndUser
	ByConfig    Field = "config"
	ByVirtual   Field = "virtual_key"
	ByCache     Field = "cache"
	ByRetries   Field = "retries"
	ByMetadata  Field = "metadata"
	ByScore     Field = "score" // the value of feedback
)

// A Dimension is a field; Name is the key of ByMetadata.
type Dimension struct {
	Field Field
	Name  string
}

// A Measure is a number worked out of a group: How, of What, over the entries
// that are Where. Of none it is 0.
type Measure struct {
	How   How
	What  Quantity // nothing for Count
	Where Condition
	Rank  int // of Percentile: 1 to 99
}

// How a measure is worked out.
type How string

// Count counts entries. Distinct counts different values that are not empty.
// Percentile is that of the nearest rank, within the error of LatencyBin.
const (
	Count      How = "count"
	Sum        How = "sum"
	Min        How = "min"
	Max        How = "max"
	Distinct   How = "distinct"
	Percentile How = "percentile"
)

// A Quantity is a number of an entry, or, for Distinct, something it names.
type Quantity string

// The quantities. Latency alone has percentiles, Users alone distinct values.
const (
	Cost         Quantity = "cost" // nano-dollars, 0 if unknown
	InputTokens  Quantity = "input_tokens"
	OutputTokens Quantity = "output_tokens"
	Tokens       Quantity = "tokens"
	Latency      Quantity = "latency" // microseconds
	StartTime    Quantity = "start"   // microseconds since 1970
	Users        Quantity = "users"
	Weighted     Quantity = "weighted" // value × weight of feedback, in millionths
)

// A Condition is what an entry must be to count in a measure.
type Condition string

// The conditions.
const (
	Always            Condition = ""
	Succeeded         Condition = "succeeded" // Entry.Succeeded
	NotSucceeded      Condition = "not_succeeded"
	SimpleHit         Condition = "simple_hit"
	SemanticHit       Condition = "semantic_hit"
	CacheHit          Condition = "cache_hit" // of either kind
	NoCacheHit        Condition = "no_cache_hit"
	RescuedByRetry    Condition = "rescued_by_retry" // succeeded, and not at the first try
	RescuedByFallback Condition = "rescued_by_fallback"
	OfUser            Condition = "of_user" // EndUser is known
	Charged           Condition = "charged" // the cost is known and the answer not from the cache
	CostUnknown       Condition = "cost_unknown"
)

// The values of Entry.Cache that mean an answer from the cache.
const (
	Hit      = "HIT"
	Semantic = "SEMANTIC HIT"
)

// An Order is by a measure, or by the ratio of two, of which none is a percentile;
// the largest comes first if Descending.
// Groups without a ratio, for its divisor is 0, come last.
type Order struct {
	Measure    int // index into Question.Measures
	Per        int // the divisor's index; negative for none
	Descending bool
}
