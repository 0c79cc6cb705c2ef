package control

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
)

// The value of an API key is ptk_<8>_<40><4>: a public part that tells keys
// apart in a scanner's report, a random part of 238 bits, and a checksum by
// which a scanner knows a real key from a look-alike.
const (
	keyPrefix    = "ptk_"
	keyPublicLen = 8
	keySecretLen = 40
	keySumLen    = 4
)

// MinKeyLength is the least length of a key value that an operator chooses.
const MinKeyLength = 16

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func newKeyValue() string {
	body := keyPrefix + randomBase62(keyPublicLen) + "_" + randomBase62(keySecretLen)
	return body + keyChecksum(body)
}

func randomBase62(n int) string {
	b := make([]byte, n)
	limit := big.NewInt(int64(len(base62)))
	for i := range b {
		v, _ := rand.Int(rand.Reader, limit) // never fails: it aborts the program instead
		b[i] = base62[v.Int64()]
	}
	return string(b)
}

// keyChecksum is the CRC-32 (IEEE) of the body, modulo 62^4, in base 62.
func keyChecksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var b [keySumLen]byte
	for i := keySumLen - 1; i >= 0; i-- {
		b[i] = base62[sum%62]
		sum /= 62
	}
	return string(b[:])
}

// maskKey shows the first two and the last three characters.
func maskKey(value string) string {
	return value[:2] + "*****" + value[len(value)-3:]
}
