package upstream

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/portico-ai/portico/test/corpus"
)

//go:embed testdata/*.json
var ownCases embed.FS

// A Case is an exchange that can be replayed.
type Case struct {
	Name     string `json:"name"` // unique within its provider
	Provider string `json:"provider"`
	Endpoint string `json:"endpoint"`
	Model    string `json:"model"`
	Stream   bool   `json:"stream"`
	Status   int    `json:"status"` // 0: not recorded; replayed as 200
	Recorded bool   `json:"recorded"`

	file     string
	replays  bool // can be chosen without being named
	calls    bool // the answer calls a tool
	exchange *corpus.Exchange
}

// library finds cases. Own cases come first, then those of the corpus in the
// order of its index.
type library struct {
	dir   string // of the corpus, "" if there is none
	cases map[string][]*Case

	mu sync.Mutex // guards Case.exchange
}

func openLibrary(dir string) (*library, error) {
	l := &library{dir: findCorpus(dir), cases: map[string][]*Case{}}
	if dir != "" && l.dir == "" {
		return nil, fmt.Errorf("there is no corpus in %s", dir)
	}
	if err := l.addOwn(); err != nil {
		return nil, err
	}
	if l.dir == "" {
		return l, nil
	}
	return l, l.addCorpus()
}

func (l *library) hasCorpus() bool { return l.dir != "" }

func findCorpus(dir string) string {
	if dir == "" {
		dir = os.Getenv("PORTICO_CORPUS")
	}
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "fixtures")
	}
	if _, err := os.Stat(filepath.Join(dir, "index.jsonl")); err != nil {
		return ""
	}
	return dir
}

func (l *library) addOwn() error {
	files, err := fs.Glob(ownCases, "testdata/*.json")
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := ownCases.ReadFile(file)
		if err != nil {
			return err
		}
		e := &corpus.Exchange{File: file}
		if err := json.Unmarshal(data, e); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".json"), "__")
		l.cases[e.Provider] = append(l.cases[e.Provider], &Case{
			Name: name, Provider: e.Provider, Endpoint: e.Endpoint, Model: e.Model, Stream: e.Stream,
			Status: e.Status, replays: e.Status == 200, calls: e.Is("tool-call"), exchange: e,
		})
	}
	return nil
}

func (l *library) addCorpus() error {
	f, err := os.Open(filepath.Join(l.dir, "index.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			File, Provider, Endpoint, Chunking string
			Model                              *string
			Status                             *int
			Stream                             bool
			Kinds                              []string
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		c := &Case{
			Name: strings.TrimSuffix(path.Base(e.File), ".json"), Provider: e.Provider, Endpoint: e.Endpoint,
			Stream: e.Stream, Recorded: true, file: e.File, calls: slices.Contains(e.Kinds, "tool-call"),
		}
		if e.Model != nil {
			c.Model = *e.Model
		}
		if e.Status != nil {
			c.Status = *e.Status
		}
		c.replays = c.Status == 200 && (!e.Stream || slices.Contains([]string{"network", "event", "line", "network-base64", "eventstream-base64"}, e.Chunking))
		l.cases[e.Provider] = append(l.cases[e.Provider], c)
	}
	return lines.Err()
}

// kin is the provider whose cases a provider replays.
func kin(provider string) string {
	if provider == "anyscale" {
		return "openai"
	}
	return provider
}

// named finds a case by its name, or by "provider/name".
func (l *library) named(provider, name string) (*Case, error) {
	if p, n, ok := strings.Cut(name, "/"); ok {
		provider, name = p, n
	}
	for _, c := range l.cases[kin(provider)] {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%s has no case %q; GET /__cases?provider=%s lists them", provider, name, provider)
}

// A want is what a request asks for, as far as the choice of a case goes.
type want struct {
	endpoint, model string
	stream          bool
	calls           bool // a tool may be called
	recorded        bool
}

// choose finds the case that fits best: above all one that calls a tool where
// one may be called, then one of the same model, then the first.
func (l *library) choose(provider string, w want) (*Case, error) {
	var best *Case
	score := -1
	for _, c := range l.cases[kin(provider)] {
		if c.Endpoint != w.endpoint || c.Stream != w.stream || c.Recorded != w.recorded || !c.replays {
			continue
		}
		n := 0
		if c.calls == w.calls {
			n += 2
		}
		if c.Model == w.model {
			n++
		}
		if n > score {
			best, score = c, n
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s has no case for %s (stream: %v, recorded: %v)", provider, w.endpoint, w.stream, w.recorded)
	}
	return best, nil
}

// load returns the exchange of a case.
func (l *library) load(c *Case) (*corpus.Exchange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.exchange != nil {
		return c.exchange, nil
	}
	data, err := os.ReadFile(filepath.Join(l.dir, c.file))
	if err != nil {
		return nil, err
	}
	e := &corpus.Exchange{File: c.file}
	if err := json.Unmarshal(bytes.TrimSpace(data), e); err != nil {
		return nil, errors.Join(fmt.Errorf("%s", c.file), err)
	}
	c.exchange = e
	return e, nil
}

// Cases lists what can be replayed for the provider; of one endpoint if endpoint
// is not "".
func (s *Server) Cases(provider, endpoint string) []Case {
	var out []Case
	for _, c := range s.cases.cases[kin(provider)] {
		if endpoint == "" || c.Endpoint == endpoint {
			out = append(out, Case{
				Name: c.Name, Provider: c.Provider, Endpoint: c.Endpoint, Model: c.Model,
				Stream: c.Stream, Status: c.Status, Recorded: c.Recorded,
			})
		}
	}
	return out
}

// Exchange returns a case's recording, for what a test expects of its replay.
func (s *Server) Exchange(provider, name string) (*corpus.Exchange, error) {
	c, err := s.cases.named(provider, name)
	if err != nil {
		return nil, err
	}
	return s.cases.load(c)
}
