//go:build unix

package egress

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The upstream of the benchmark is a process of its own, so that the CPU of this
// one is the client's alone.
const upstreamEnv = "PORTICO_EGRESS_BENCH_UPSTREAM"

func benchUpstream(b *testing.B) string {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestBenchUpstream$")
	cmd.Env = append(os.Environ(), upstreamEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line)
}

// TestBenchUpstream is the upstream process of BenchmarkCPU.
func TestBenchUpstream(t *testing.T) {
	if os.Getenv(upstreamEnv) == "" {
		t.Skip("skipped: not a test, but the upstream process of BenchmarkCPU")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go answerForever(c)
	}
}

// answerForever answers every request on c as cheaply as it can: path /SIZE with
// a plain reply, /stream/N with N events.
func answerForever(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		if n, ok := strings.CutPrefix(req.URL.Path, "/stream/"); ok {
			events, _ := strconv.Atoi(n)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			data := "data: " + strings.Repeat("x", 200) + "\n\n"
			for range events {
				fmt.Fprintf(c, "%x\r\n%s\r\n", len(data), data)
			}
			io.WriteString(c, "0\r\n\r\n")
			continue
		}
		size, _ := strconv.Atoi(req.URL.Path[1:])
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = c.Write(make([]byte, size))
	}
}

// BenchmarkCPU measures the CPU that each client takes per request, in
// alternating rounds of the same run, and reports the median ratio lean/net-http.
//
//	go test -run '^$' -bench CPU -benchtime 1x ./internal/egress
func BenchmarkCPU(b *testing.B) {
	url := benchUpstream(b)
	policy := &Policy{}
	if err := policy.Trust(strings.TrimPrefix(url, "http://")); err != nil {
		b.Fatal(err)
	}
	theirs, ours := New(policy, Options{}), New(policy, Options{Lean: true})
	defer theirs.CloseIdleConnections()
	defer ours.CloseIdleConnections()
	for _, load := range []struct {
		name, path     string
		body, requests int
	}{
		{"small", "/600", 300, 6000},
		{"9KB", "/600", 9 << 10, 6000},
		{"1MB", "/600", 1 << 20, 150},
		{"30KB-reply", "/30000", 300, 5000},
		{"stream-100-events", "/stream/100", 300, 300},
	} {
		b.Run(load.name, func(b *testing.B) {
			var ratios, micros []float64
			for range max(b.N, 5) {
				their := cpuOf(b, theirs, url+load.path, load.body, load.requests)
				our := cpuOf(b, ours, url+load.path, load.body, load.requests)
				ratios = append(ratios, our/their)
				micros = append(micros, our)
			}
			slices.Sort(ratios)
			slices.Sort(micros)
			b.ReportMetric(ratios[len(ratios)/2], "ratio")
			b.ReportMetric(micros[len(micros)/2], "cpu-µs/request")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpuOf returns the CPU time per request in µs, of 16 workers.
func cpuOf(b *testing.B, c *Client, url string, size, requests int) float64 {
	b.Helper()
	body := bytes.Repeat([]byte("x"), size)
	before := cpuTime(b)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			buf := make([]byte, 32<<10)
			for range requests / 16 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					b.Error(err)
				}
				req.Header.Set("Authorization", "Bearer sk-0123456789")
				req.Header.Set("Content-Type", "application/json")
				resp, err := c.Do(req)
				if err != nil {
					b.Error(err)
					cancel()
					return
				}
				for err == nil {
					_, err = resp.Body.Read(buf)
				}
				if err != io.EOF {
					b.Error(err)
				}
				resp.Body.Close()
				cancel()
			}
		})
	}
	wg.Wait()
	return float64((cpuTime(b) - before).Microseconds()) / float64(requests/16*16)
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
