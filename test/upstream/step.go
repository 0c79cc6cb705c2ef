package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// A Step scripts how one request, or Times requests, are answered. The zero
// Step answers well. Fields combine where that makes sense.
type Step struct {
	Times int `json:"times,omitempty"` // 0: one request; -1: all that follow

	// What is answered.
	Case       string            `json:"case,omitempty"`        // replay this case: "hello", or an id of the corpus
	Recorded   bool              `json:"recorded,omitempty"`    // choose from the corpus
	Status     int               `json:"status,omitempty"`      // an error of the provider's shape with this status
	RetryAfter string            `json:"retry_after,omitempty"` // header: seconds or a date
	Headers    map[string]string `json:"headers,omitempty"`     // added, or replaced
	Body       *string           `json:"body,omitempty"`        // this text instead of the reply's
	HTML       bool              `json:"html,omitempty"`        // an HTML page, with Status or 200
	EchoKey    bool              `json:"echo_key,omitempty"`    // a 401 whose message holds the credential received
	Redirect   string            `json:"redirect,omitempty"`    // a 307 to this URL; "canary": to this server's own

	// How it is sent.
	DelayMS      int    `json:"delay_ms,omitempty"`       // before the head
	ChunkDelayMS int    `json:"chunk_delay_ms,omitempty"` // between pieces
	Split        string `json:"split,omitempty"`          // "recorded" (default), "byte", "event", "whole"
	TrickleBPS   int    `json:"trickle_bps,omitempty"`    // bytes a second, sent byte by byte
	Hang         bool   `json:"hang,omitempty"`           // never answer

	// How it breaks.
	CutAt         *int `json:"cut_at,omitempty"`         // close after this many bytes of the body
	ResetAt       *int `json:"reset_at,omitempty"`       // the same with a TCP reset; -1: before the head
	StallAt       *int `json:"stall_at,omitempty"`       // go silent after this many bytes of the body
	LengthOff     int  `json:"length_off,omitempty"`     // a Content-Length wrong by this many bytes
	Interim       int  `json:"interim,omitempty"`        // 103 responses before the head
	HeaderBytes   int  `json:"header_bytes,omitempty"`   // a header of this size
	ErrorAfter    *int `json:"error_after,omitempty"`    // an error event after this many events; 0: as the first
	DropTerminal  bool `json:"drop_terminal,omitempty"`  // a clean end without the terminal event
	AfterTerminal bool `json:"after_terminal,omitempty"` // more events after the terminal one
}

// onWire reports whether the step needs the bare connection.
func (s Step) onWire() bool {
	return s.CutAt != nil || s.ResetAt != nil || s.LengthOff != 0 || s.Interim > 0
}

func (s Step) validate() error {
	switch {
	case s.Times < -1:
		return fmt.Errorf("times: want -1 for all, or the number of requests")
	case s.Status != 0 && (s.Status < 200 || s.Status > 599):
		return fmt.Errorf("status: want an HTTP status from 200 to 599")
	case s.DelayMS < 0 || s.ChunkDelayMS < 0 || s.TrickleBPS < 0 || s.Interim < 0 || s.HeaderBytes < 0:
		return fmt.Errorf("delay_ms, chunk_delay_ms, trickle_bps, interim and header_bytes must not be negative")
	}
	switch s.Split {
	case "", "recorded", "byte", "event", "whole":
	default:
		return fmt.Errorf(`split: %q is unknown; want "recorded", "byte", "event" or "whole"`, s.Split)
	}
	for name, at := range map[string]*int{"cut_at": s.CutAt, "stall_at": s.StallAt, "error_after": s.ErrorAfter} {
		if at != nil && *at < 0 {
			return fmt.Errorf("%s: must not be negative", name)
		}
	}
	return nil
}

// At is a position for the fields of a Step that take one.
func At(n int) *int { return &n }

// script holds the steps that are still to come, by provider.
type script struct {
	mu    sync.Mutex
	steps map[string][]Step
}

// Script replaces what is still scripted for the provider by steps, taken in
// order, one a request; "*" stands for every provider without steps of its own.
func (s *Server) Script(provider string, steps ...Step) error {
	for i, step := range steps {
		if err := step.validate(); err != nil {
			return fmt.Errorf("steps[%d].%w", i, err)
		}
	}
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	if s.script.steps == nil {
		s.script.steps = map[string][]Step{}
	}
	s.script.steps[provider] = append([]Step(nil), steps...)
	return nil
}

// take returns the step for the provider's next request.
func (s *script) take(provider string) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps[provider]) == 0 {
		provider = "*"
	}
	steps := s.steps[provider]
	if len(steps) == 0 {
		return Step{}
	}
	step := steps[0]
	switch {
	case step.Times == -1:
	case step.Times > 1:
		steps[0].Times--
	default:
		s.steps[provider] = steps[1:]
	}
	return step
}

func (s *script) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = nil
}

// parseScript reads the body of POST /__script.
func parseScript(body []byte) (provider string, steps []Step, err error) {
	var in struct {
		Provider string `json:"provider"`
		Steps    []Step `json:"steps"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return "", nil, fmt.Errorf(`want {"provider": …, "steps": […]}: %w`, err)
	}
	if in.Provider == "" {
		return "", nil, fmt.Errorf(`provider: is missing; want a provider, or "*"`)
	}
	return in.Provider, in.Steps, nil
}
