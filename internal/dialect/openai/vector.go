package openai

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// WriteVector writes an embedding, which is an array of numbers, as a client
// asked for it: as it is, or in base64 as 32-bit numbers, little end first.
func WriteVector(w *jsonedit.Writer, vector []byte, inBase64 bool) {
	if !inBase64 {
		w.Raw(vector)
		return
	}
	var packed []byte
	for number := range jsonedit.Elements(vector) {
		v, _ := strconv.ParseFloat(string(number), 32) // what is out of range becomes infinite
		packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(float32(v)))
	}
	w.String(base64.StdEncoding.EncodeToString(packed))
}
