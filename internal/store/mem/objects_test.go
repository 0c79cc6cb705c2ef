package mem_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
	"github.com/portico-ai/portico/internal/store/storetest"
)

func TestObjects(t *testing.T) {
	storetest.Objects(t, 100, func(*testing.T) ledger.Objects { return &mem.Objects{} })
}
