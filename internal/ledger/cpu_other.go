//go:build !unix

package ledger

import "time"

// cpuTime is known on Unix only; elsewhere a gateway never counts as busy.
func cpuTime() time.Duration { return 0 }
