package mongo_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mongo"
	"github.com/portico-ai/portico/internal/store/storetest"
	"github.com/portico-ai/portico/test/servers"
)

func open(t *testing.T, raw string) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(raw, &net.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	server := servers.Mongo(t)
	n := 0
	storetest.Objects(t, mongo.SetPage(20), func(t *testing.T) ledger.Objects {
		n++
		return open(t, fmt.Sprintf("mongodb://%s/test%d", server.Addr, n))
	})
	server.Stop()
	if err := ledger.CheckObjects(t.Context(), open(t, "mongodb://"+server.Addr)); err == nil || ai.AsError(err).Kind != ai.Unavailable {
		t.Errorf("without a server: %v", err)
	}
}

func TestURLs(t *testing.T) {
	got, err := mongo.Hosts("mongodb://u:p@a.example,b.example:28000,[::1]/db?replicaSet=r")
	if err != nil || strings.Join(got, " ") != "a.example:27017 b.example:28000 [::1]:27017" {
		t.Errorf("%v, %v", got, err)
	}
	for _, raw := range []string{"mongodb+srv://a.example/db", "mongodb://", "mongodb://a/db?w=-3"} {
		if _, err := mongo.Hosts(raw); err == nil {
			t.Errorf("%s is taken", raw)
		}
	}
}
