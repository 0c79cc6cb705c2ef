package telemetry

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
)

const costName = "portico_cost_dollars_total"

// A Tally is what the counters of Metrics say, by series as Prometheus' text
// format names them; cost in nano-dollars. Series that are 0 may be left out.
type Tally map[string]int64

// Observe counts an entry, as Metrics does.
func (t Tally) Observe(e *ledger.Entry) {
	add := func(n int64, format string, args ...any) {
		if n != 0 {
			t[fmt.Sprintf(format, args...)] += n
		}
	}
	add(1, `portico_requests_total{op=%q,provider=%q,state=%q,status="%d"}`, e.Op, e.Provider, e.State, e.Status)
	for i := range e.Attempts {
		add(1, `portico_attempts_total{provider=%q,status="%d"}`, e.Attempts[i].Provider, e.Attempts[i].Status)
	}
	if e.Usage.Known {
		add(e.Usage.InputTokens, `portico_tokens_total{direction="input",provider=%q}`, e.Provider)
		add(e.Usage.OutputTokens, `portico_tokens_total{direction="output",provider=%q}`, e.Provider)
	}
	if e.CostKnown {
		add(e.CostNano, costName+`{provider=%q}`, e.Provider)
	} else {
		add(1, `portico_unpriced_requests_total{provider=%q}`, e.Provider)
	}
}

// ReadTally reads a page of metrics: the counters, and the position in the
// journal that they begin at.
func ReadTally(r io.Reader) (t Tally, start ledger.Position, err error) {
	t = Tally{}
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			err = lines.Err()
			break
		}
		series, text, ok := cutSample(lines.Text())
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, start, fmt.Errorf("the value of %s is %q", series, text)
		}
		name, _, _ := strings.Cut(series, "{")
		switch name {
		case "portico_requests_total", "portico_attempts_total", "portico_tokens_total", "portico_unpriced_requests_total":
			t[series] = int64(value)
		case costName:
			t[series] = int64(math.Round(value * 1e9))
		case "portico_journal_start_segment":
			start.Segment = uint64(value)
		case "portico_journal_start_offset":
			start.Offset = int64(value)
		}
	}
	if err == nil && start.Segment == 0 {
		err = fmt.Errorf("it is not the metrics page of this version of portico: portico_journal_start_segment is missing")
	}
	return t, start, err
}

func cutSample(line string) (series, value string, ok bool) {
	if strings.HasPrefix(line, "#") {
		return "", "", false
	}
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}
