package api

import (
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// keyProtocol begins the subprotocol in which browsers, which cannot set headers,
// send the key (as OpenAI's realtime API has it).
const keyProtocol = "openai-insecure-api-key."

// Realtime serves WebSocket sessions of OpenAI's realtime API.
func (in *Ingress) Realtime(format dialect.Format) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := in.Open(r, ai.Realtime, format.Dialect())
		caller, err := in.Keys.Identify(withProtocolKey(r.Header))
		if err == nil {
			err = caller.MayInfer()
		}
		if err != nil {
			WriteError(w, format, c, err)
			return
		}
		in.identified(c, caller)
		c.Rest = strings.TrimPrefix(r.URL.EscapedPath(), "/v1") + "?" + r.URL.RawQuery
		c.Model = r.URL.Query().Get("model")
		var body jsonedit.Writer
		body.Object()
		if c.Model != "" {
			body.StringMember("model", c.Model)
		}
		body.EndObject()
		c.Body = body.Bytes()
		if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			write(w, in.Gateway.Refuse(c, &ai.Error{Kind: ai.Invalid, Status: http.StatusUpgradeRequired, Param: "Upgrade",
				Message: "The realtime API is a WebSocket: connect with wss:// (ws:// without TLS)"}))
			return
		}
		in.Sessions.Add(1)
		defer in.Sessions.Done()
		session, refused := in.Gateway.Realtime(r.Context(), c)
		if refused != nil {
			write(w, refused)
			return
		}
		for name, values := range session.Header() {
			w.Header()[name] = values
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Subprotocols: []string{session.Protocol()}, InsecureSkipVerify: true, // a key is not sent by a browser of itself, as cookies are
		})
		if err != nil {
			session.Close()
			return
		}
		session.Relay(r.Context(), conn)
	})
}

// withProtocolKey puts a key that came as a subprotocol where keys are looked for.
func withProtocolKey(h http.Header) http.Header {
	for list := range strings.SplitSeq(h.Get("Sec-Websocket-Protocol"), ",") {
		if key, ok := strings.CutPrefix(strings.TrimSpace(list), keyProtocol); ok && !CarriesKey(h) {
			h = h.Clone()
			h.Set("Authorization", "Bearer "+key)
			return h
		}
	}
	return h
}
