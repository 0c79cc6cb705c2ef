package sign

// Remembered is how many identities are kept.
func (e *Entra) Remembered() int { return len(e.credentials) }
