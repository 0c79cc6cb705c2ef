package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/api/admin"
	apianthropic "github.com/portico-ai/portico/internal/api/anthropic"
	apigemini "github.com/portico-ai/portico/internal/api/gemini"
	"github.com/portico-ai/portico/internal/api/logs"
	apiopenai "github.com/portico-ai/portico/internal/api/openai"
	"github.com/portico-ai/portico/internal/api/prices"
	"github.com/portico-ai/portico/internal/console"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/route"
)

func (a *App) newServer() *http.Server {
	base, end := context.WithCancelCause(context.Background())
	a.endRequests = end
	return &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		WriteTimeout:      15 * time.Minute, // set anew for each request; replies shorten it as they are written
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// handler is every door of the house.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	a.registerHealth(mux)
	keys := api.Keys{Directory: a.directory, Digest: a.service.Digest}
	in := &api.Ingress{Gateway: a.gateway, MaxBody: a.cfg.MaxBody, MaxUpload: a.cfg.MaxUpload, SpoolDir: a.path(spoolDir), Keys: keys, Sessions: &a.sessions}
	api.RegisterModels(mux, in, a.formats[ai.OpenAI], a.formats[ai.Anthropic])
	apiopenai.Register(mux, in, a.formats[ai.OpenAI])
	apiopenai.RegisterResponses(mux, in, a.formats[ai.Responses])
	apianthropic.Register(mux, in, a.formats[ai.Anthropic])
	apigemini.Register(mux, in, a.formats[ai.Gemini])
	mux.Handle("/model-configs/", prices.Handler(&a.prices.Book))
	logAPI := a.logAPI()
	mux.HandleFunc(logs.DownloadPattern, logAPI.Download)
	a.control = admin.New(admin.Deps{
		Service: a.service, Auth: admin.NewAuthenticator(a.service, keys), ConfigSchema: route.Schema(),
		Version: a.cfg.Version, Demo: a.cfg.Demo, PublicURL: a.cfg.PublicURL, Log: a.log,
	}, slices.Concat(logAPI.Routes(), a.traceAPI(logAPI).Routes(), a.analyticsRoutes())...)
	proxy := in.Relay(ai.Proxy, a.formats[ai.OpenAI], "/v1")
	mux.Handle("/v1/proxy/", in.Relay(ai.Proxy, a.formats[ai.OpenAI], "/v1/proxy"))
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		if !a.control.Serves(r) && mayProxy(r) && namesProvider(keys, r) {
			proxy.ServeHTTP(w, r)
			return
		}
		a.control.ServeHTTP(w, r)
	})
	mux.Handle("/v2/", a.control)
	mux.HandleFunc("GET /openapi.json", a.serveOpenAPI)
	mux.Handle("/console/", console.Handler())
	mux.HandleFunc("/", a.root)
	return a.recovered(checked(mux))
}

// mayProxy reports whether a request that no route serves can be meant for a
// provider. What only looks like a path of ours, to somebody who reads paths
// another way, is not passed on; below /v1/proxy there is nothing to confuse.
func mayProxy(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.URL.EscapedPath() == r.URL.Path && !strings.ContainsAny(r.URL.Path, ";%") && !strings.HasSuffix(r.URL.Path, "/")
	}
	return false
}

// namesProvider reports whether a request for a path that Portico does not serve
// says which provider is meant to.
func namesProvider(keys api.Keys, r *http.Request) bool {
	if gateway.NamesProvider(r.Header) {
		return true
	}
	caller, err := keys.Identify(r.Header)
	return err == nil && caller.Key.ConfigSlug != ""
}

func (a *App) root(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) || r.URL.Path == "/console" {
		http.Redirect(w, r, "/console/", http.StatusFound)
		return
	}
	api.NotFound(w, r)
}

// checked refuses what no route may see: paths that decode to something other
// than they show, and methods that nothing serves.
func checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodTrace || r.Method == http.MethodConnect:
			api.Refuse(w, r, ai.Errorf(ai.Invalid, "The method %s is not served", r.Method), http.StatusMethodNotAllowed)
		case !plainPath(r.URL):
			api.Refuse(w, r, ai.Errorf(ai.Invalid, "The path may not hold dot segments, empty segments, backslashes or encoded slashes"), http.StatusBadRequest)
		default:
			if len(r.TransferEncoding) > 0 {
				// A proxy in front may have gone by a Content-Length that net/http has
				// put aside; what follows on this connection is not to be believed.
				w.Header()["Connection"] = []string{"close"}
			}
			next.ServeHTTP(w, r)
		}
	})
}

// plainPath reports whether a path means the same to everybody who reads it,
// however often they decode it.
func plainPath(u *url.URL) bool {
	p := u.Path
	if strings.Contains(strings.ToLower(u.EscapedPath()), "%2f") && !namesModel(u) {
		return false
	}
	for range 4 {
		if strings.ContainsAny(p, "\\\x00") || strings.Contains(p, "//") || path.Clean(p) != strings.TrimSuffix(p, "/") && p != "/" {
			return false
		}
		decoded, err := url.PathUnescape(p)
		if err != nil || decoded == p {
			return true
		}
		p = decoded
	}
	return false
}

// namesModel reports whether a path ends in the name of a model, which may hold
// slashes: SDKs encode them, and both ways it is the same route.
func namesModel(u *url.URL) bool {
	for _, root := range []string{"/v1/models/", "/v1/v1/models/", "/v1beta/models/"} {
		if strings.HasPrefix(u.EscapedPath(), root) {
			return true
		}
	}
	return false
}

func (a *App) serveMetrics() error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	err := s.Serve(a.metricsListener)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
