package ledger

import "time"

// A TraceSummary is a trace as lists show it: all its entries together, whichever
// of them passed the filter.
type TraceSummary struct {
	TraceID    string
	Newest     time.Time // start of the newest entry that passed
	Start, End time.Time // of the first entry, of the one that ended last
	Requests   int64
	Failed     int64 // of them, those that did not succeed
	Tokens     int64
	CostNano   int64 // of the entries whose cost is known
	CostKnown  int64 // how many these are
	Providers  []string
	Models     []string // both sorted, without ""
	Name, Path string   // SpanName and Path of the first entry
	User       string   // its EndUser
}

// A TraceListing is one page of traces. How many there are in all is not counted:
// it would take a look at every entry.
type TraceListing struct {
	Traces []TraceSummary
	Scores map[string]Score // of those that have feedback, by trace id
	Next   string           // "" at the end
}
