package objects_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/dialect/objects"
)

var store = objects.Store{Scheme: "s3://", Prefix: "s3-"}

func TestIDs(t *testing.T) {
	for _, uri := range []string{"s3://bucket/a.jsonl", "s3://b/ä b/c%2Fd+e?.jsonl", "s3://bucket/a.b.c"} {
		plain, results := store.ID(uri), store.ResultID(uri, "us.amazon.nova-lite-v1:0")
		for _, id := range []string{plain, results, uri} {
			if got, ok := store.URI(id); !ok || got != uri {
				t.Errorf("%s: got %s, %v", id, got, ok)
			}
		}
		if model, ok := store.Model(results); !ok || model != "us.amazon.nova-lite-v1:0" {
			t.Errorf("%s: model %q, %v", results, model, ok)
		}
		for _, id := range []string{plain, uri, "a.jsonl", "gs-" + results[3:], plain + ".", plain + ".!"} {
			if _, ok := store.Model(id); ok {
				t.Errorf("%s passes for results", id)
			}
		}
	}
	for _, id := range []string{"s3%3A%2F%2Fbucket%2Fa.jsonl", "s3%253A%252F%252Fbucket%252Fa.jsonl"} {
		if got, ok := store.URI(id); !ok || got != "s3://bucket/a.jsonl" {
			t.Errorf("%s: got %s, %v", id, got, ok)
		}
	}
	for _, id := range []string{"", "file-1", "s3://", "s3://bucket", "s3://bucket/", "gs://bucket/x", "s3-", "s3-!", "s3-aGk"} {
		if uri, ok := store.URI(id); ok {
			t.Errorf("%q is %s", id, uri)
		}
	}
}
