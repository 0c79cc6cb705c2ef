package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/servers"
)

// asked makes calls of the mock provider and returns the ids of their logs with
// what each asked.
func asked(t *testing.T, s *server, from, to int) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for i := from; i < to; i++ {
		text := fmt.Sprintf("question-%d-%s", i, strings.Repeat("x", i%5*2000))
		body := fmt.Sprintf(`{"model":"mock-echo","messages":[{"role":"user","content":%q}]}`, text)
		r := s.call(http.MethodPost, "/v1/chat/completions", workspaceKey, body, "x-portkey-provider", "mock")
		if r.Status != http.StatusOK {
			t.Fatalf("call %d: %d %s", i, r.Status, r.Body)
		}
		ids[r.id()] = text
	}
	return ids
}

// readable fails unless the log shows what every call asked.
func readable(t *testing.T, s *server, ids map[string]string) {
	t.Helper()
	lost := 0
	for id, text := range ids {
		detail := s.call(http.MethodGet, "/v1/logs/"+id, workspaceKey, nil)
		if !strings.Contains(detail.Body, text) || strings.Contains(detail.Body, `"bodies_lost":true`) {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d requests have lost their bodies", lost, len(ids))
	}
}

// segmentsIn counts files of bodies below a folder.
func segmentsIn(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.Base(path), ".seg") {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func blobArgs(url string) []string {
	return []string{"--blobs-url", url, "--blobs-every", "1s", "--blobs-cache", "0"}
}

func TestBodiesInS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", servers.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", servers.SecretKey)
	bucket := servers.S3(t)
	bodiesInObjects(t, bucket, "s3://bucket/acme?endpoint=http://"+bucket.Addr)
	if segmentsIn(t, filepath.Join(bucket.Dir, "bucket", "acme", "bodies")) == 0 {
		t.Error("nothing is below the prefix")
	}
}

func TestBodiesInMongoDB(t *testing.T) {
	server := servers.Mongo(t)
	bodiesInObjects(t, server, "mongodb://"+server.Addr+"/acme")
}

// bodiesInObjects reads bodies before and after the disk has let them go, across
// kills in the middle of storing, and while the server of objects is away.
func bodiesInObjects(t *testing.T, remote *servers.Server, url string) {
	data := t.TempDir()
	bodies := filepath.Join(data, "bodies")
	s := start(t, data, nil, blobArgs(url)...)
	gone := func() bool { return segmentsIn(t, bodies) == 0 }
	ids := asked(t, s, 0, 40)
	readable(t, s, ids)
	waitFor(t, 20*time.Second, "bodies leave the disk", gone)
	readable(t, s, ids)

	for i := range 8 { // while a segment is ended, packed, stored, dropped
		more := asked(t, s, 100*i+100, 100*i+120)
		time.Sleep(time.Duration(100+i*350) * time.Millisecond)
		s.kill()
		s.restart()
		readable(t, s, more)
		for id, text := range more {
			ids[id] = text
		}
	}
	waitFor(t, 20*time.Second, "bodies leave the disk after the kills", gone)
	readable(t, s, ids)

	remote.Stop()
	away := asked(t, s, 1000, 1040)
	readable(t, s, away) // from the disk
	waitFor(t, 20*time.Second, "the failure is said", func() bool { return strings.Contains(s.output.String(), "bodies are not stored") })
	if err := s.stop(); err != nil {
		t.Errorf("the server without its objects ended with %v", err)
	}
	s.restart() // and it starts without them
	readable(t, s, away)
	if !strings.Contains(s.output.String(), "cannot be used yet") {
		t.Errorf("the start says nothing of it:\n%s", s.output)
	}
	remote.Start()
	waitFor(t, 20*time.Second, "bodies leave the disk once it is back", gone)
	for id, text := range away {
		ids[id] = text
	}
	readable(t, s, ids)

	last := asked(t, s, 2000, 2010)
	if err := s.stop(); err != nil { // an orderly end leaves nothing behind
		t.Error(err)
	}
	s.restart()
	waitFor(t, 20*time.Second, "bodies leave the disk after the stop", gone)
	readable(t, s, last)
}

func TestBlobsMistakesStopTheStart(t *testing.T) {
	bucket := servers.S3(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, url, secret, want string }{
		{"secret", "s3://bucket?endpoint=http://" + bucket.Addr, "wrong", "check AWS_SECRET_ACCESS_KEY"},
		{"bucket", "s3://other?endpoint=http://" + bucket.Addr, servers.SecretKey, "There is no bucket other"},
		{"scheme", "gs://bucket", servers.SecretKey, "blobs_url must begin with s3:// or mongodb://"},
		{"region", "s3://bucket", servers.SecretKey, "blobs_url has no region"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(path, "serve", "--listen", freeAddr(t), "--metrics-listen", "", "--data", t.TempDir(), "--blobs-url", c.url)
			cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+servers.AccessKey, "AWS_SECRET_ACCESS_KEY="+c.secret)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v, want %q:\n%s", err, c.want, out)
			}
		})
	}
}
