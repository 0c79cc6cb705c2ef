package app

import (
	"net/http"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/portico-ai/portico/docs"
)

// openAPI is the API's description as JSON, made when it is first asked for.
var openAPI = sync.OnceValues(func() ([]byte, error) { return yaml.YAMLToJSON(docs.OpenAPI) })

func (a *App) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	body, err := openAPI()
	if err != nil {
		a.log.Error("the API's description cannot be read", "err", err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"status": "failure", "message": "Something went wrong"})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
