package ledger

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// The documented limits of metadata, and one on the number of pairs.
const (
	MaxPairs = 64
	maxValue = 128 // characters, of a key as well
)

// CheckPair says what is wrong with a pair of metadata.
func CheckPair(key, value string) error {
	switch {
	case key == "":
		return errors.New("a key must not be empty")
	case utf8.RuneCountInString(key) > maxValue:
		return fmt.Errorf("a key has at most %d characters", maxValue)
	case utf8.RuneCountInString(value) > maxValue:
		return fmt.Errorf("its value has more than %d characters", maxValue)
	}
	return nil
}

// CheckPairs is CheckPair for all of them; the error names the key.
func CheckPairs(m map[string]string) error {
	if len(m) > MaxPairs {
		return fmt.Errorf("there are %d keys; %d are allowed", len(m), MaxPairs)
	}
	for k, v := range m {
		if err := CheckPair(k, v); err != nil {
			return fmt.Errorf("%.64q: %w", k, err)
		}
	}
	return nil
}
