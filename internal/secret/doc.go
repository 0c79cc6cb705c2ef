// Package secret keeps credentials at rest. A master key, held outside the
// database, seals one data key per organisation and the pepper of API keys; the
// data key seals everything else. So the master key can be exchanged by sealing
// those few values again. A sealed value is bound to what it is for: moved to
// another row, tenant or destination host, it does not open.
package secret

import "errors"

// ErrSealed is returned for a sealed value that does not open: the key is not
// the one that sealed it, or the value was altered or moved.
var ErrSealed = errors.New("sealed value does not open with this key")
