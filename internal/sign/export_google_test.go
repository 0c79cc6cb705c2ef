package sign

import "time"

// Remembered is how many identities are kept.
func (g *Google) Remembered() int { return len(g.known.values) }

// At sets the signer's clock.
func (g *Google) At(now func() time.Time) { g.now = now }
