package gemini

import (
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// begin begins a chunk up to the members of its delta.
func (s *streamToHub) begin(ch *streamedChoice) {
	s.head()
	s.w.Object()
	s.w.IntMember("index", ch.index)
	s.w.Key("delta")
	s.w.Object()
}

func (s *streamToHub) head() {
	w := &s.w
	w.Reset()
	w.Object()
	w.StringMember("id", orElse(s.id, s.c.ID))
	w.StringMember("object", "chat.completion.chunk")
	made := s.made
	if made == 0 {
		made = s.c.Now
	}
	w.IntMember("created", made)
	w.StringMember("model", orElse(s.model, s.c.Model))
	w.Key("choices")
	w.Array()
}

// finish ends a chunk that begin began; an empty reason is null.
func (s *streamToHub) finish(reason string) {
	s.w.EndObject()
	s.w.RawMember("logprobs", nil)
	s.close(reason)
}

func (s *streamToHub) close(reason string) {
	w := &s.w
	if reason == "" {
		w.RawMember("finish_reason", nil)
	} else {
		w.StringMember("finish_reason", reason)
	}
	w.EndObject()
	w.EndArray()
	w.EndObject()
	s.out = sse.AppendData(s.out, w.Bytes())
}

func (s *streamToHub) usage() {
	u := s.counts.usage()
	if !u.Known {
		return
	}
	s.head()
	s.w.EndArray()
	s.w.Key("usage")
	openai.WriteUsage(&s.w, u)
	if u.ServiceTier != "" {
		s.w.StringMember("service_tier", tierToHub(u.ServiceTier))
	}
	s.w.EndObject()
	s.out = sse.AppendData(s.out, s.w.Bytes())
}
