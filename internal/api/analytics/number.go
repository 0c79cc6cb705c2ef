package analytics

import (
	"encoding/json"
	"math"

	"github.com/portico-ai/portico/internal/api/logs"
)

// ratio is a/b, 0 if there is no b, rounded to so many parts of one.
func ratio(a, b, parts int64) json.Number {
	if b == 0 {
		return "0"
	}
	return logs.Fixed(int64(math.Round(float64(a)/float64(b)*float64(parts))), parts)
}

// mean is a/b with two decimals.
func mean(a, b int64) json.Number { return ratio(a, b, 100) }

// percent is what share of b is a, in hundreds, with two decimals.
func percent(a, b int64) json.Number { return ratio(100*a, b, 100) }

// cents is an amount of nano-dollars, and meanCents one of a sum of them.
func cents(nano int64) json.Number { return logs.Cents(nano) }

func meanCents(nano, n int64) json.Number {
	if n == 0 {
		return "0"
	}
	return cents(int64(math.Round(float64(nano) / float64(n))))
}

// millis is a latency in milliseconds; meanMillis is that of a sum of them.
func millis(micros int64) json.Number { return logs.Fixed(micros, 1000) }

func meanMillis(micros, n int64) json.Number {
	if n == 0 {
		return "0"
	}
	return millis(int64(math.Round(float64(micros) / float64(n))))
}

// score is a mean of weighted feedback.
func score(micro, n int64) json.Number { return ratio(micro, n*1_000_000, 10_000) }
