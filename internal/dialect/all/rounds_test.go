package all_test

import (
	"flag"
	"fmt"
	"os"
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
	others         feature = "others"
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
	name    string
	dialect ai.Dialect
	turns   [][]block
	takes   bool // it speaks the hub and takes thoughts back
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

// A sent request is what reached the provider, and what was noted as lost on the
// way or in the answers before.
type sent struct {
	lines    []line
	receipts []ai.Receipt
}

// converse has a conversation of three turns.
func converse(t *testing.T, cl client, s side, stream bool) (got []sent) {
	t.Helper()
	formats := all.New()
	pair := dialect.Pair{Client: formats[cl.dialect], Provider: formats[s.dialect]}
	talk := cl.begin()
	var before []ai.Receipt // of answers
	for n := range len(s.turns) + 1 {
		c := &dialect.Conversion{Op: ai.Chat, Model: "m", Stream: stream, Strict: cl.strict, Onward: cl.dialect != ai.OpenAI, Thoughts: s.takes, ID: fmt.Sprintf("0198-turn-%d", n), Now: 1}
		c.Request = []byte(talk.request(stream))
		request, err := pair.Request(c, c.Request)
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		got = append(got, sent{s.read(t, string(request)), append(slices.Clone(before), c.Receipts...)})
		onWay := len(c.Receipts)
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
		before = append(before, c.Receipts[onWay:]...)
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

// noted are words by which receipts are known to be about a feature.
var noted = map[feature][]string{
	thoughts:       {"reasoning", "thinking", "thought"},
	sealed:         {"reasoning", "thinking", "signature"},
	hidden:         {"reasoning", "redacted", "thinking"},
	callSignatures: {"thoughtSignature", "thought_signature"},
	textSignatures: {"thoughtSignature", "thinking"},
	failures:       {"is_error"},
	cacheMarks:     {"cache_control"},
}

// reasonsFor are the reasons of the receipts that are about a feature.
func reasonsFor(of feature, receipts []ai.Receipt) (reasons []string) {
	for _, r := range receipts {
		if r.Reason != "" && r.Path != "thinking" && slices.ContainsFunc(noted[of], func(word string) bool { return strings.Contains(r.Path+" "+r.Reason, word) }) {
			reasons = append(reasons, r.Reason)
		}
	}
	return reasons
}

// A fare is how a feature gets from a client to a provider: all of it and in its
// place, or not, with the reason that the log gives; "" if one of them has no such
// thing.
type fare struct {
	carried bool
	reason  string
}

// check compares what reached the provider with what should have, and says how
// each feature fared. One that is lost in part, or without a receipt, is a fault.
func check(t *testing.T, cl client, s side, got []sent) map[feature]fare {
	t.Helper()
	fares := map[feature]fare{}
	for n, request := range got {
		want, lines := expected(cl, s, n), request.lines
		if !s.ids {
			want, lines = anonymous(want), anonymous(lines)
		}
		lost := map[feature]int{}
		for _, l := range want {
			if _, ok := fares[l.of]; !ok {
				fares[l.of] = fare{carried: true}
			}
			if !slices.ContainsFunc(lines, func(g line) bool { return g.of == l.of }) {
				lost[l.of]++
			}
		}
		for of, count := range lost {
			reasons := reasonsFor(of, request.receipts)
			if len(reasons) == 0 || of == cacheMarks && len(reasons) < count { // else one will do for a loss that goes on
				t.Errorf("request %d: %d of %s are lost, with the receipts %v", n+1, count, of, request.receipts)
				continue
			}
			fares[of] = fare{reason: reasons[0]}
		}
		want = slices.DeleteFunc(want, func(l line) bool { return lost[l.of] > 0 })
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
// did not. docs/translation.md says how each fares.
func TestRounds(t *testing.T) {
	var page strings.Builder
	page.WriteString(pageHead)
	ran := 0
	for _, s := range sides {
		columns := map[string]map[feature]fare{}
		for _, cl := range clients {
			t.Run(fmt.Sprintf("%s to %s", cl.name, s.name), func(t *testing.T) {
				whole := check(t, cl, s, converse(t, cl, s, false))
				streamed := check(t, cl, s, converse(t, cl, s, true))
				for of := range whole {
					if whole[of].carried != streamed[of].carried {
						t.Errorf("%s: whole %v, streamed %v", of, whole[of], streamed[of])
					}
				}
				columns[cl.name] = whole
				ran++
			})
		}
		writeTable(&page, s, columns)
	}
	if !t.Failed() && ran == len(sides)*len(clients) {
		t.Log("\n" + page.String())
		golden(t, "../../../docs/translation.md", page.String())
	}
}

const pageHead = `# What a translation carries

A client of any format may be answered by a provider of any other. A test has a conversation of three turns for each pair, its answers whole
and streamed: the client keeps all that it is told, as the official SDK of its format does, and sends it back with the next turn. This page is
what reached the provider, in place and unchanged; "go test ./internal/dialect/all -run Rounds -update" writes it anew.

- carried: all of it comes back to the provider as the provider said it, or as the client marked it.
- receipt: it does not; the request's log says so, with the reason below. ` + "`x-portico-strict-translation: true`" + ` refuses a request of which something
  would be lost.
- –: the client or the provider has no such thing.

A client of OpenAI's chat completions is strict unless it sends ` + "`x-portkey-strict-open-ai-compliance: false`" + `; then it gets ` + "`content_blocks`" + ` beside
OpenAI's own members, whole or as deltas, and may send them back in either form. Cache markers in OpenAI's format are ` + "`cache_control`" + ` on parts,
tools and messages. A Gemini client that streams may keep a content for each chunk: those in a row are one turn.

Tool calls of a stream in OpenAI's format are numbered from 0 in the order in which they begin, whatever index the provider gave them; chunks
that are right keep their bytes.
`

func writeTable(page *strings.Builder, s side, columns map[string]map[feature]fare) {
	fmt.Fprintf(page, "\n## Providers that speak %s\n\n|  |", s.name)
	for _, cl := range clients {
		page.WriteString(" " + cl.name + " |")
	}
	page.WriteString("\n| --- |" + strings.Repeat(" --- |", len(clients)) + "\n")
	reasons := []string{}
	for _, of := range features {
		row, some := "| "+string(of)+" |", false
		for _, cl := range clients {
			f, ok := columns[cl.name][of]
			switch {
			case !ok:
				row += " – |"
				continue
			case f.carried:
				row += " carried |"
			default:
				row += " receipt |"
				if reason := fmt.Sprintf("- %s: %s\n", of, f.reason); !slices.Contains(reasons, reason) {
					reasons = append(reasons, reason)
				}
			}
			some = true
		}
		if some {
			page.WriteString(row + "\n")
		}
	}
	if len(reasons) > 0 {
		page.WriteString("\n" + strings.Join(reasons, ""))
	}
}

var update = flag.Bool("update", false, "write docs/translation.md anew")

func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is not what happens; -update writes it anew (-file +test):\n%s", file, diff)
	}
}
