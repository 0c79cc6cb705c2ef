package all_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/all"
)

// A feature is something of a conversation that a format may have no place for.
type feature string

const (
	basic          feature = "text"
	thoughts       feature = "thinking"
	sealed         feature = "its signature"
	hidden         feature = "redacted thinking"
	parallelCalls  feature = "parallel tool calls"
	callSignatures feature = "signatures of calls"
	textSignatures feature = "signatures of texts"
	results        feature = "tool results"
	failures       feature = "failed tool results"
	cacheMarks     feature = "cache markers"
)

var features = []feature{basic, thoughts, sealed, hidden, parallelCalls, callSignatures, textSignatures, results, failures, cacheMarks}

// A line is one thing that a request says, in an order that all formats share.
type line struct {
	of   feature
	text string
}

// A block is a piece of what a model says.
type block struct {
	of   feature // basic for text, thoughts, hidden, parallelCalls for a call
	text string
	sign string
	id   string // of a call: its name is in text, its arguments in args
	args string
}

// A side is the provider's: how its model says something, whole and streamed,
// and what a request to it says.
type side struct {
	dialect ai.Dialect
	turns   [][]block
	ids     bool // calls keep the ids that the provider gave them
	whole   func(n int, turn []block) string
	stream  func(n int, turn []block) string
	read    func(t *testing.T, request string) []line
}

// A talker is a client: it keeps all that it is told, and sends it back.
type talker interface {
	// request is the next request of the conversation.
	request(stream bool) string
	// told adds an answer and returns its calls: the id, and the arguments.
	told(t *testing.T, answer string, stream bool) [][2]string
	// results answers the calls, the second one with a failure.
	results(texts []string)
	// say adds what the user says.
	say(text string)
}

// A client is how a kind of client begins a conversation.
type client struct {
	name    string
	dialect ai.Dialect
	strict  bool
	begin   func() talker
	marks   bool // it has cache markers
	fails   bool // it can say that a tool failed
}

// conversed is what reached the provider, request by request, and what was noted
// as lost.
type conversed struct {
	requests [][]line
	receipts []ai.Receipt
}

// converse has a conversation of three turns.
func converse(t *testing.T, cl client, s side, stream bool) (got conversed) {
	t.Helper()
	formats := all.New()
	pair := dialect.Pair{Client: formats[cl.dialect], Provider: formats[s.dialect]}
	talk := cl.begin()
	for n := range len(s.turns) + 1 {
		c := &dialect.Conversion{Op: ai.Chat, Model: "m", Stream: stream, Strict: cl.strict, Onward: cl.dialect != ai.OpenAI, ID: fmt.Sprintf("0198-turn-%d", n), Now: 1}
		c.Request = []byte(talk.request(stream))
		request, err := pair.Request(c, c.Request)
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		got.requests = append(got.requests, s.read(t, string(request)))
		if n < len(s.turns) {
			answer := reply(t, pair, c, s, n, stream)
			var texts []string
			calls := talk.told(t, answer, stream)
			for _, call := range calls {
				texts = append(texts, "result of "+call[1])
			}
			if len(calls) > 0 {
				talk.results(texts)
			} else {
				talk.say("Thanks.")
			}
		}
		got.receipts = append(got.receipts, c.Receipts...)
	}
	return got
}

// reply is the provider's nth answer as the client gets it.
func reply(t *testing.T, pair dialect.Pair, c *dialect.Conversion, s side, n int, stream bool) string {
	t.Helper()
	if stream {
		out, err := drain(pair.Stream(c, read(s.stream(n, s.turns[n]))))
		if err != nil {
			t.Fatalf("answer %d: %v", n, err)
		}
		return out
	}
	out, err := pair.Reply(c, []byte(s.whole(n, s.turns[n])))
	if err != nil {
		t.Fatalf("answer %d: %v", n, err)
	}
	return string(out)
}

// expected is what the request after n answers says if nothing is lost.
func expected(cl client, s side, n int) (lines []line) {
	mark := func(text string) {
		if cl.marks {
			lines = append(lines, line{cacheMarks, text})
		}
	}
	add := func(of feature, text string) { lines = append(lines, line{of, text}) }
	add(basic, "system Be brief.")
	mark("cache")
	add(basic, "tool weather")
	add(basic, "tool compare")
	mark("cache")
	add(basic, "user A long text.")
	mark("cache 1h")
	add(basic, "user Paris or Rome?")
	for _, turn := range s.turns[:n] {
		var calls []block
		for _, b := range turn {
			switch b.of {
			case thoughts:
				add(thoughts, "think "+b.text)
				if b.sign != "" {
					add(sealed, "sealed "+b.sign)
				}
			case hidden:
				add(hidden, "hidden "+b.text)
			case basic:
				add(basic, "say "+b.text)
				if b.sign != "" {
					add(textSignatures, "signed "+b.sign)
				}
			case parallelCalls:
				calls = append(calls, b)
				add(parallelCalls, fmt.Sprintf("call %s %s %s", b.id, b.text, b.args))
				if b.sign != "" {
					add(callSignatures, "signed "+b.sign)
				}
			}
		}
		for i, b := range calls {
			add(results, fmt.Sprintf("result %s result of %s", b.id, b.args))
			if i == 1 {
				if cl.fails {
					add(failures, "failed")
				}
				mark("cache")
			}
		}
		if len(calls) == 0 {
			add(basic, "user Thanks.")
		}
	}
	return lines
}

// anonymous replaces the ids of calls by their number, for providers that give
// none: what counts is that results find their calls.
func anonymous(lines []line) []line {
	seen := map[string]string{}
	lines = slices.Clone(lines)
	for i, l := range lines {
		word, rest, _ := strings.Cut(l.text, " ")
		id, rest, _ := strings.Cut(rest, " ")
		if l.of == parallelCalls {
			seen[id] = fmt.Sprint("#", len(seen)+1)
		}
		if l.of == parallelCalls || l.of == results {
			lines[i].text = strings.Join([]string{word, seen[id], rest}, " ")
		}
	}
	return lines
}

// what receipts say about a feature.
var noted = map[feature][]string{
	thoughts:       {"content_blocks", "reasoning", "thinking", "thought", "parts[", "content["},
	sealed:         {"content_blocks", "reasoning", "thinking", "signature", "content["},
	hidden:         {"content_blocks", "reasoning", "redacted", "thinking", "content["},
	callSignatures: {"thoughtSignature", "content_blocks", "thought_signature"},
	textSignatures: {"thoughtSignature", "content_blocks", "thinking"},
	failures:       {"is_error"},
	cacheMarks:     {"cache_control"},
}

func isNoted(of feature, receipts []ai.Receipt) bool {
	return slices.ContainsFunc(receipts, func(r ai.Receipt) bool {
		return r.Reason != "" && slices.ContainsFunc(noted[of], func(word string) bool { return strings.Contains(r.Path+" "+r.Reason, word) })
	})
}

// carried is how a feature fares between a client and a provider.
type carried string

const (
	absent  carried = "–"       // one of them has no such thing
	whole   carried = "carried" // all of it reaches the provider, in its place
	receipt carried = "receipt" // it does not, and the log says so
)

// check compares what reached the provider with what should have, and says how
// each feature fared. One that is lost in part, or without a receipt, is a fault.
func check(t *testing.T, cl client, s side, got conversed) map[feature]carried {
	t.Helper()
	fares := map[feature]carried{}
	for n, lines := range got.requests {
		want := expected(cl, s, n)
		if !s.ids {
			want, lines = anonymous(want), anonymous(lines)
		}
		lost := map[feature]bool{}
		for _, l := range want {
			if fares[l.of] == "" {
				fares[l.of] = whole
			}
			lost[l.of] = !slices.ContainsFunc(lines, func(g line) bool { return g.of == l.of })
		}
		for of, is := range lost {
			if is {
				fares[of] = receipt
				if !isNoted(of, got.receipts) {
					t.Errorf("request %d: %s is lost without a receipt: %v", n+1, of, got.receipts)
				}
			}
		}
		want = slices.DeleteFunc(want, func(l line) bool { return lost[l.of] })
		if diff := cmp.Diff(texts(want), texts(lines)); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", n+1, diff)
		}
	}
	return fares
}

func texts(lines []line) (list []string) {
	for _, l := range lines {
		list = append(list, l.text)
	}
	return list
}

// Three turns between every kind of client and every kind of provider, the
// answers whole and streamed: what the model thought, the calls it made at once and
// the marks for its cache come back to it as they were, or a receipt says that they
// did not.
func TestRounds(t *testing.T) {
	matrix := map[string]map[feature]carried{}
	for _, s := range sides {
		for _, cl := range clients {
			var before map[feature]carried
			for _, stream := range []bool{false, true} {
				how := map[bool]string{false: "whole", true: "streamed"}[stream]
				t.Run(fmt.Sprintf("%s to %s/%s", cl.name, s.dialect, how), func(t *testing.T) {
					got := converse(t, cl, s, stream)
					fares := check(t, cl, s, got)
					if before != nil && !cmp.Equal(before, fares) {
						t.Errorf("(-whole +streamed):\n%s", cmp.Diff(before, fares))
					}
					before = fares
				})
			}
			matrix[cl.name+" "+string(s.dialect)] = before
		}
	}
	_ = matrix
}
