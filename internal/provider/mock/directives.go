package mock

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Directives say how one request is answered. The zero value answers well.
type Directives struct {
	Status     int           // answer with this status and an error in the dialect's shape
	Rate       float64       // fail this share of requests with Status
	RetryAfter time.Duration // Retry-After of a failure, whole seconds
	Latency    time.Duration // wait before the head
	ChunkDelay time.Duration // wait before each stream event but the first
	FailAfter  int           // break the connection after this many stream events
	StallAfter int           // go silent after this many stream events
	ErrorAfter int           // send an error event after this many stream events, and end
	Cut        bool          // break the connection halfway through the reply
	Hang       bool          // never answer
	HTML       bool          // answer with an HTML page
	Reply      string        // the text of the reply
}

const directiveHelp = "status=503, rate=0.3:429, retry-after=2, latency=200ms, chunk-delay=20ms, fail-after=3, stall-after=3, error-after=3, cut, hang, html, reply=TEXT"

// ParseDirectives reads a list such as "status=503, retry-after=2", separated by
// commas or semicolons. reply=TEXT takes the rest of the list.
func ParseDirectives(s string) (Directives, error) {
	var d Directives
	for rest := s; ; {
		item := strings.TrimSpace(rest)
		if item == "" {
			return d, nil
		}
		if text, ok := strings.CutPrefix(item, "reply="); ok {
			d.Reply = text
			return d, nil
		}
		rest = ""
		if i := strings.IndexAny(item, ",;"); i >= 0 {
			item, rest = strings.TrimSpace(item[:i]), item[i+1:]
		}
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		if err := d.set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return Directives{}, fmt.Errorf("mock directive %q: %w", item, err)
		}
	}
}

func (d *Directives) set(name, value string) (err error) {
	switch name {
	case "status":
		d.Status, err = parseStatus(value)
	case "rate":
		share, status, _ := strings.Cut(value, ":")
		if d.Rate, err = strconv.ParseFloat(share, 64); err != nil || !(d.Rate >= 0 && d.Rate <= 1) {
			return errors.New("want a share from 0 to 1 and a status, as in rate=0.3:429")
		}
		d.Status, err = parseStatus(status)
	case "retry-after":
		var n int
		n, err = parseCount(value)
		d.RetryAfter = time.Duration(n) * time.Second
	case "latency":
		d.Latency, err = parseDelay(value)
	case "chunk-delay":
		d.ChunkDelay, err = parseDelay(value)
	case "fail-after":
		d.FailAfter, err = parseCount(value)
	case "stall-after":
		d.StallAfter, err = parseCount(value)
	case "error-after":
		d.ErrorAfter, err = parseCount(value)
	case "cut", "hang", "html":
		if value != "" {
			return errors.New("takes no value")
		}
		d.Cut = d.Cut || name == "cut"
		d.Hang = d.Hang || name == "hang"
		d.HTML = d.HTML || name == "html"
	default:
		return errors.New("unknown; want one of " + directiveHelp)
	}
	return err
}

func parseStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 200 || n > 599 {
		return 0, errors.New("want an HTTP status from 200 to 599")
	}
	return n, nil
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, errors.New("want a whole number from 1")
	}
	return n, nil
}

func parseDelay(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > time.Hour {
		return 0, errors.New("want a duration up to 1h, as in 200ms or 2s")
	}
	return d, nil
}
