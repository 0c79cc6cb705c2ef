package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

const (
	streamEvents = 100
	pace         = 20 * time.Millisecond
)

// serveUpstream is a provider that costs next to nothing: a goroutine a
// connection, replies built beforehand.
func serveUpstream(addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	chat, embeddings := whole(chatReply), whole(embeddingReply())
	events := buildEvents()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		go serveConn(conn, chat, embeddings, events)
	}
}

func serveConn(conn net.Conn, chat, embeddings []byte, events [][]byte) {
	defer conn.Close()
	br := bufio.NewReaderSize(conn, 64<<10)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		head := make([]byte, min(4096, max(0, req.ContentLength)))
		if _, err := io.ReadFull(req.Body, head); err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		switch text := string(head); {
		case strings.HasSuffix(req.URL.Path, "/embeddings"):
			_, err = conn.Write(embeddings)
		case strings.Contains(text, `"stream":true`):
			err = writeEvents(conn, events, strings.Contains(text, `"user":"paced"`))
		default:
			_, err = conn.Write(chat)
		}
		if err != nil {
			return
		}
	}
}

func writeEvents(conn net.Conn, events [][]byte, paced bool) error {
	for _, e := range events {
		if _, err := conn.Write(e); err != nil {
			return err
		}
		if paced {
			time.Sleep(pace)
		}
	}
	return nil
}

const chatReply = `{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-4o-mini-2024-07-18",` +
	`"choices":[{"index":0,"message":{"role":"assistant","content":"Measure the whole pipeline, in the same minute, on the same core.","refusal":null},"finish_reason":"stop"}],` +
	`"usage":{"prompt_tokens":61,"completion_tokens":14,"total_tokens":75,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`

func embeddingReply() string {
	var b strings.Builder
	b.WriteString(`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[`)
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range 1536 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%.16f", dice.Float64()-0.5)
	}
	b.WriteString(`]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}`)
	return b.String()
}

func whole(body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func buildEvents() [][]byte {
	frame := func(s string) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(s), s) }
	chunk := func(choices, usage string) []byte {
		return frame(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-mini-2024-07-18","choices":[` + choices + `]` + usage + "}\n\n")
	}
	all := [][]byte{append([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
		chunk(`{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}`, "")...)}
	for i := range streamEvents {
		all = append(all, chunk(fmt.Sprintf(`{"index":0,"delta":{"content":" word%d"},"finish_reason":null}`, i), ""))
	}
	all = append(all, chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`, ""),
		chunk("", `,"usage":{"prompt_tokens":61,"completion_tokens":100,"total_tokens":161}`))
	return append(all, append(frame("data: [DONE]\n\n"), "0\r\n\r\n"...))
}

// serveProxy is the baseline: httputil.ReverseProxy with a tuned pool.
func serveProxy(addr, upstream string) error {
	target, err := url.Parse("http://" + upstream)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1024, MaxIdleConns: 4096, DisableCompression: true},
		FlushInterval: -1,
	}
	return http.ListenAndServe(addr, proxy)
}
