package openai

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

// truth reads what a reply or chunk says with encoding/json, independently of
// the code under test.
type truth struct {
	Model   string `json:"model"`
	Choices []struct {
		Index        int     `json:"index"`
		FinishReason *string `json:"finish_reason"`
		Text         string  `json:"text"`
		Delta        struct {
			Content   string `json:"content"`
			Reasoning string `json:"reasoning"`
			Thought   string `json:"reasoning_content"`
			Refusal   string `json:"refusal"`
			Audio     struct{ Transcript string }
			Function  call `json:"function_call"`
			Tools     []struct {
				Function call `json:"function"`
			} `json:"tool_calls"`
		} `json:"delta"`
	} `json:"choices"`
	Usage *struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
		Total      int64 `json:"total_tokens"`
		In         struct {
			Cached int64 `json:"cached_tokens"`
			Write  int64 `json:"cache_write_tokens"`
			Audio  int64 `json:"audio_tokens"`
		} `json:"prompt_tokens_details"`
		Out struct {
			Reasoning int64 `json:"reasoning_tokens"`
			Audio     int64 `json:"audio_tokens"`
		} `json:"completion_tokens_details"`
	} `json:"usage"`
	Tier  string                    `json:"service_tier"`
	Error *struct{ Message string } `json:"error"`
}

type call struct{ Name, Arguments string }

func (c call) len() int { return len(c.Name) + len(c.Arguments) }

func (tr *truth) usage() ai.Usage {
	if tr.Usage == nil {
		return ai.Usage{ServiceTier: tr.Tier}
	}
	u := tr.Usage
	return ai.Usage{
		Known: true, InputTokens: u.Prompt, OutputTokens: u.Completion, CacheReadTokens: u.In.Cached, CacheWriteTokens: u.In.Write,
		InputAudioTokens: u.In.Audio, ReasoningTokens: u.Out.Reasoning, OutputAudioTokens: u.Out.Audio, ServiceTier: tr.Tier,
	}
}

func TestCorpus(t *testing.T) {
	for _, set := range []struct{ provider, endpoint string }{
		{"openai", "chat.completions"},
		{"openai", "text-completions"},
		{"openai", "embeddings"},
		{"azure-openai", "chat.completions"},
		{"azure-openai", "text-completions"},
		{"azure-openai", "embeddings"},
		{"ollama", "chat.completions"},
		{"ollama", "embeddings"},
		{"local-openai", "chat.completions"},
	} {
		for _, e := range corpus.Exchanges(t, set.provider, set.endpoint) {
			if strings.Contains(e.URL, "/api/") && set.provider == "ollama" {
				continue // Ollama's own API, which is another format
			}
			t.Run(e.ID, func(t *testing.T) {
				switch {
				case e.Status >= 400:
					checkError(t, e)
				case len(e.ResponseChunks) > 0:
					checkStream(t, e)
				default:
					checkReply(t, e)
				}
			})
		}
	}
}

func checkError(t *testing.T, e *corpus.Exchange) {
	got := New().ParseError(e.Status, e.Body())
	var want struct {
		Error struct{ Message, Type string }
	}
	_ = json.Unmarshal(e.Body(), &want)
	if got.Message == "" || want.Error.Message != "" && got.Message != want.Error.Message {
		t.Errorf("message %q, want %q of %s", got.Message, want.Error.Message, e.Body())
	}
	if got.Status != e.Status || got.Type != want.Error.Type {
		t.Errorf("status %d type %q", got.Status, got.Type)
	}
}

func checkReply(t *testing.T, e *corpus.Exchange) {
	var want truth
	if err := json.Unmarshal(e.Body(), &want); err != nil {
		t.Skipf("skipped: the reply is not JSON: %v", err)
	}
	if diff := cmp.Diff(want.usage(), New().Usage(ai.Chat, e.Body())); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if got := New().Model(ai.Chat, e.Body()); got != want.Model {
		t.Errorf("model %q, want %q", got, want.Model)
	}
}

func checkStream(t *testing.T, e *corpus.Exchange) {
	body := e.Body()
	got := observe(bytes.NewReader(body))
	want := observed{}
	open := map[int]bool{}
	for line := range strings.Lines(strings.ReplaceAll(string(body), "\r", "")) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if data = strings.TrimSpace(data); !ok {
			continue
		}
		if data == "[DONE]" {
			want.Done = true
			continue
		}
		var c truth
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if want.Model == "" {
			want.Model = c.Model
		}
		if c.Tier != "" {
			want.Usage.ServiceTier = c.Tier
		}
		if c.Usage != nil {
			c.Tier = want.Usage.ServiceTier
			want.Usage = c.usage()
		}
		if c.Error != nil {
			want.Err = c.Error.Message
		}
		for _, choice := range c.Choices {
			d := choice.Delta
			n := len(choice.Text) + len(d.Content) + len(d.Reasoning) + len(d.Audio.Transcript) + len(d.Thought) + len(d.Refusal) + d.Function.len()
			for _, tool := range d.Tools {
				n += tool.Function.len()
			}
			want.Out += int64(n)
			want.Meaningful = want.Meaningful || n > 0 || choice.FinishReason != nil
			open[choice.Index] = open[choice.Index] || choice.FinishReason != nil
		}
	}
	want.Finished = len(open) > 0
	for _, finished := range open {
		want.Finished = want.Finished && finished
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkSplits(t, body, got)
	checkCuts(t, body)
}

// checkSplits reads the stream cut in two at many places (all, for a short
// one) and byte by byte, and expects the same to be seen.
func checkSplits(t *testing.T, body []byte, want observed) {
	t.Helper()
	step := 1 + len(body)/100
	for i := 1; i < len(body); i += step {
		if got := observe(iotest.DataErrReader(&twice{a: body[:i], b: body[i:]})); got != want {
			t.Fatalf("cut at %d:\n%s", i, cmp.Diff(want, got))
		}
	}
	if len(body) < 20_000 {
		if got := observe(iotest.OneByteReader(bytes.NewReader(body))); got != want {
			t.Fatalf("byte by byte:\n%s", cmp.Diff(want, got))
		}
	}
}

// checkCuts ends the stream after each event and expects that only the whole
// one looks done.
func checkCuts(t *testing.T, body []byte) {
	t.Helper()
	end := bytes.Index(body, []byte("data: [DONE]"))
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("\n\n"))
		if i < 0 || end >= 0 && at+i+2 > end {
			return
		}
		at += i + 2
		if observe(bytes.NewReader(body[:at])).Done {
			t.Fatalf("cut at byte %d of %d it looks done", at, len(body))
		}
	}
}

// twice is a source that needs two reads.
type twice struct{ a, b []byte }

func (s *twice) Read(p []byte) (int, error) {
	if len(s.a) == 0 {
		s.a, s.b = s.b, nil
	}
	if len(s.a) == 0 {
		return 0, os.ErrClosed
	}
	n := copy(p, s.a)
	s.a = s.a[n:]
	return n, nil
}

// Another project's reading of real usage objects. Only what both name is
// compared.
func TestUsageVectors(t *testing.T) {
	f, err := os.Open(filepath.Join(corpus.Dir(t), "vectors", "usage", "genai-prices-usages.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Body      json.RawMessage
		Extracted []struct {
			Extractors []struct {
				Provider string `json:"provider_id"`
				Flavor   string `json:"api_flavor"`
			}
			Usage map[string]int64
		}
	}
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, c := range cases {
		for _, x := range c.Extracted {
			ours := false
			for _, ex := range x.Extractors {
				ours = ours || ex.Provider == "openai" && ex.Flavor != "responses"
			}
			if !ours {
				continue
			}
			compared++
			u := New().Usage(ai.Chat, c.Body)
			got := map[string]int64{
				"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens, "cache_read_tokens": u.CacheReadTokens,
				"cache_write_tokens": u.CacheWriteTokens, "output_reasoning_tokens": u.ReasoningTokens, "input_audio_tokens": u.InputAudioTokens,
			}
			for name, n := range got {
				if want, named := x.Usage[name]; named && n != want {
					t.Errorf("case %d, %s: got %d, want %d, of %s", i, name, n, want, c.Body)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d cases were compared", compared)
	}
}
