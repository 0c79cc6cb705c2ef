package app

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// health is what load balancers ask. It needs no credential and shows no secret.
type health struct{ draining atomic.Bool }

func (h *health) drain() { h.draining.Store(true) }

func (a *App) registerHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, map[string]string{"status": "ok"}) })
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /v1/health", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]string{"status": "success", "message": "Server is healthy", "version": a.cfg.Version})
	})
}

// ready says no while draining and when the journal cannot take records, for
// then nothing may be spent. Without a database server calls are served on.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	reason := ""
	if a.health.draining.Load() {
		reason = "draining"
	} else if err := a.journal.Healthy(); err != nil {
		reason = "the journal cannot be written"
	} else if err := a.db.Ping(r.Context()); err != nil && !a.cfg.shared() {
		reason = "the database cannot be reached"
	}
	if reason != "" {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": reason})
		return
	}
	ready := map[string]string{"status": "ready"}
	if a.cfg.shared() && a.databaseUp() == 0 {
		ready["database"] = "the database cannot be reached; serving from snapshot of " + a.service.AsOf().UTC().Format(time.RFC3339)
	}
	if a.prices.stale() > 0 {
		ready["prices"] = "the price file cannot be taken, see the server's log; the last good one is in force"
	}
	writeJSON(w, 200, ready)
}

func (a *App) databaseUp() float64 {
	if a.db.Ping(context.Background()) != nil {
		return 0
	}
	return 1
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
