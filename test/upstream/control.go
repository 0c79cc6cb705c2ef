package upstream

import (
	"encoding/json"
	"io"
	"net/http"
)

// control answers the paths by which another process scripts and reads the server.
func (s *Server) control(w http.ResponseWriter, r *http.Request, name string) {
	q := r.URL.Query()
	switch r.Method + " " + name {
	case "POST __script":
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		provider, steps, err := parseScript(body)
		if err == nil {
			err = s.Script(provider, steps...)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		respond(w, http.StatusOK, map[string]any{"provider": provider, "steps": len(steps)})
	case "GET __requests":
		requests := s.Requests(q.Get("provider"))
		respond(w, http.StatusOK, map[string]any{"total": len(requests), "requests": requests})
	case "GET __cases":
		respond(w, http.StatusOK, map[string]any{"cases": s.Cases(q.Get("provider"), q.Get("endpoint"))})
	case "GET __connections":
		accepted, open := s.Conns()
		respond(w, http.StatusOK, map[string]any{"accepted": accepted, "open": open})
	case "POST __reset":
		s.Reset()
		respond(w, http.StatusOK, map[string]any{"reset": true})
	default:
		refuse(w, http.StatusNotFound, "want POST /__script, GET /__requests, GET /__cases, GET /__connections or POST /__reset")
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	respond(w, status, map[string]any{"error": message})
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
