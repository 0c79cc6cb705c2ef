package ledger

import "math/bits"

// Percentiles of latency are those of its bin: so they need no more memory than
// there are bins, add up over parts, and are the same in every store. Up to 128 µs
// a bin is one microsecond, above each power of two has 64 bins: the middle of a
// bin is less than 0.8 % (1/128) from every latency in it.
const (
	binsPerOctave = 64
	octaveBits    = 6
)

// LatencyBin is the bin of a latency in microseconds, at least 0. Bins are in the
// order of latencies.
func LatencyBin(micros int64) int16 {
	v := uint64(max(micros, 0))
	shift := max(bits.Len64(v)-octaveBits-1, 0)
	return int16(shift*binsPerOctave + int(v>>shift)) //nolint:gosec // below 64*58
}

// BinMicros is the middle of a bin, rounded down.
func BinMicros(bin int16) int64 {
	if bin < 2*binsPerOctave {
		return int64(bin)
	}
	shift := int(bin)/binsPerOctave - 1
	low := int64(int(bin)-shift*binsPerOctave) << shift
	return low + int64(1)<<(shift-1)
}
