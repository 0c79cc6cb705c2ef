package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzFrames reads whatever a segment may hold: frames that were written are found
// again behind any garbage, and reading ends.
func FuzzFrames(f *testing.F) {
	good := endFrame(append(beginFrame(nil, kindSettle), `{"id":"x"}`...))
	f.Add([]byte{}, []byte{})
	f.Add([]byte("garbage"), good[:len(good)-1])
	f.Add(good, []byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, before, after []byte) {
		segment := append(append(bytes.Clone(before), good...), after...)
		r := newFrameReader(bytes.NewReader(segment), 0, int64(len(segment)))
		found, last := false, int64(0)
		for {
			fr, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if fr.start < last || fr.end <= fr.start || fr.end > int64(len(segment)) {
				t.Fatalf("a frame from %d to %d after %d", fr.start, fr.end, last)
			}
			last = fr.end
			found = found || fr.start == int64(len(before))
		}
		// Bytes before it may be a frame that covers it, which only a checksum by chance would be.
		if !found && last <= int64(len(before)) {
			t.Fatalf("the frame behind %d bytes is not found", len(before))
		}
	})
}

// FuzzEntry expects that what a journal holds is written again as it was read.
func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"id":"x","started_at":"2026-01-02T03:04:05.000000006Z","usage":{"known":true,"input_tokens":1},"metadata":{"a":"\u0000"},"attempts":[{"provider":"p"}],"error":{"kind":"k"}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var e Entry
		if json.Unmarshal(doc, &e) != nil || e.StartedAt.Year() < 0 || e.StartedAt.Year() > 9999 {
			return
		}
		plain, err := json.Marshal(&e)
		if err != nil {
			return // a time that has no place in JSON
		}
		var want, got Entry
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(appendEntry(nil, &e), &got); err != nil {
			t.Fatalf("%v in %s", err, appendEntry(nil, &e))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-json +ours):\n%s", diff)
		}
	})
}
