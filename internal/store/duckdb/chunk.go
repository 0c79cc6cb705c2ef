package duckdb

import (
	"encoding/binary"
	"runtime"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/duckdb/duckdb-go/mapping"

	"github.com/portico-ai/portico/internal/store/logsql"
)

// A chunk is rows of logs in DuckDB's memory, filled in place. The driver's own
// appender makes several C calls for every text, which cost more than all that
// DuckDB then does with it.
type chunk struct {
	raw  mapping.DataChunk
	data []unsafe.Pointer // of each column, an array of its values
	rows int
	long arena
}

func newChunk() *chunk {
	logical := make([]mapping.LogicalType, len(logsql.Columns))
	for i, c := range logsql.Columns {
		logical[i] = mapping.CreateLogicalType(types[c.Kind].wire)
	}
	c := &chunk{raw: mapping.CreateDataChunk(logical), data: make([]unsafe.Pointer, len(logical))}
	for i := range logical {
		mapping.DestroyLogicalType(&logical[i])
	}
	c.reset()
	return c
}

// capacity is how many rows a chunk takes.
func capacity() int { return int(mapping.VectorSize()) } //nolint:gosec // 2,048

func (c *chunk) reset() {
	mapping.DataChunkReset(c.raw)
	for i := range c.data {
		c.data[i] = mapping.VectorGetData(mapping.DataChunkGetVector(c.raw, mapping.IdxT(i))) //nolint:gosec // some dozens
	}
	c.rows = 0
	c.long.reset()
}

// add appends a row. The chunk must have room.
func (c *chunk) add(r *logsql.Record) {
	for i := range logsql.Columns {
		cell := cell{c.data[i], c.rows, &c.long}
		switch v := logsql.Columns[i].Field(r).(type) {
		case *string:
			cell.setText(*v)
		case *[]byte:
			cell.setBytes(*v)
		case *bool:
			set(cell, *v)
		case *int16:
			set(cell, *v)
		case *int:
			set(cell, int32(*v)) //nolint:gosec // small numbers
		case *int64:
			set(cell, *v)
		}
	}
	c.rows++
}

func (c *chunk) close() {
	mapping.DestroyDataChunk(&c.raw)
	c.long.free()
}

// A cell is one value's place: the row'th of a column.
type cell struct {
	column unsafe.Pointer
	row    int
	long   *arena
}

// set stores a value of a fixed size, which must be that of the column's type.
func set[T bool | int16 | int32 | int64](c cell, v T) {
	*(*T)(unsafe.Add(c.column, uintptr(c.row)*unsafe.Sizeof(v))) = v
}

func (c cell) setText(s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	c.setBytes(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// varchar is DuckDB's duckdb_string_t: up to twelve bytes are kept in place, of
// more the first four and then the address of all.
type varchar struct {
	length uint32
	rest   [12]byte
}

// setBytes stores text that is known to be UTF-8.
func (c cell) setBytes(b []byte) {
	v := varchar{length: uint32(len(b))} //nolint:gosec // a record of the journal is smaller than 16 MiB
	if len(b) <= len(v.rest) {
		copy(v.rest[:], b)
	} else {
		copy(v.rest[:4], b)
		binary.NativeEndian.PutUint64(v.rest[4:], uint64(c.long.keep(b)))
	}
	*(*varchar)(unsafe.Add(c.column, uintptr(c.row)*unsafe.Sizeof(v))) = v
}

// An arena holds copies of long texts where DuckDB may read them until the next
// reset. Its blocks are pinned, as memory that C holds addresses of must be.
type arena struct {
	blocks [][]byte
	at     int // the block that is being filled
	pinner runtime.Pinner
}

const arenaBlock = 256 << 10

// keep returns the address of a copy of b.
func (a *arena) keep(b []byte) uintptr {
	for ; a.at < len(a.blocks); a.at++ {
		if block := a.blocks[a.at]; cap(block)-len(block) >= len(b) {
			break
		}
	}
	if a.at == len(a.blocks) {
		block := make([]byte, 0, max(arenaBlock, len(b)))
		a.pinner.Pin(unsafe.SliceData(block))
		a.blocks = append(a.blocks, block)
	}
	block := a.blocks[a.at]
	from := len(block)
	a.blocks[a.at] = append(block, b...)
	return uintptr(unsafe.Pointer(&a.blocks[a.at][from]))
}

func (a *arena) reset() {
	for i := range a.blocks {
		a.blocks[i] = a.blocks[i][:0]
	}
	a.at = 0
}

// free gives the memory back.
func (a *arena) free() {
	a.pinner.Unpin()
	a.blocks, a.at = nil, 0
}
