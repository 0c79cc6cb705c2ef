package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/servers"
)

// The doctor and a restored backup find bodies that are in the bucket alone.
func TestStoredBodiesAreFound(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", servers.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", servers.SecretKey)
	server := servers.S3(t)
	cfg := newFolder(t, 12)
	cfg.BlobsURL, cfg.BlobsEvery = ai.NewSecret("s3://bucket?endpoint=http://"+server.Addr), time.Second
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	for range 200 {
		if a.bodies.Waiting() == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(t, a.Close())
	files, err := filepath.Glob(filepath.Join(cfg.Data, bodiesDir, "*.seg*"))
	must(t, err)
	for _, f := range files {
		must(t, os.Remove(f))
	}
	d := Doctor(t.Context(), cfg)
	wantHealthy(t, d)
	wantFinding(t, d, "blobs", StatusOK, "can be stored")
	wantFinding(t, d, "bodies", StatusOK, "12 of 12 that were looked for are readable, 12 of them in blobs_url")

	// What is gone from the bucket is gone, and a bucket that is away is said to be.
	must(t, os.RemoveAll(filepath.Join(server.Dir, "bucket", "bodies")))
	wantFinding(t, Doctor(t.Context(), cfg), "bodies", StatusOK, "0 of 0 that were looked for are readable; 12 were")
	server.Stop()
	d = Doctor(t.Context(), cfg)
	wantFinding(t, d, "blobs", StatusFail, "cannot be reached")
}
