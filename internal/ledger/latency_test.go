package ledger

import (
	"math"
	"testing"
)

func TestABinIsCloseToItsLatencies(t *testing.T) {
	last := int16(-1)
	for v := int64(0); v < math.MaxInt64/2; v += 1 + v/200 {
		bin := LatencyBin(v)
		if bin < last {
			t.Fatalf("%d µs is in bin %d, less than before it", v, bin)
		}
		last = bin
		if off := math.Abs(float64(BinMicros(bin)-v)) / float64(max(v, 1)); off > 1.0/128 || LatencyBin(BinMicros(bin)) != bin {
			t.Fatalf("%d µs is in bin %d, whose middle %d is %.2f %% off", v, bin, BinMicros(bin), 100*off)
		}
	}
	if LatencyBin(-5) != 0 || LatencyBin(math.MaxInt64) <= last {
		t.Error("the ends are not bins of their own")
	}
}
