package sse

import "bytes"

// AppendData appends an event without a name. Line endings in data, which the
// format cannot carry inside one line, become several data lines.
func AppendData(dst, data []byte) []byte {
	return AppendEvent(dst, "", data)
}

// AppendEvent appends an event; an empty name writes no event field.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	if name != "" {
		dst = append(dst, "event: "...)
		dst = append(dst, name...)
		dst = append(dst, '\n')
	}
	for {
		i := bytes.IndexAny(data, "\r\n")
		dst = append(dst, "data: "...)
		if i < 0 {
			dst = append(dst, data...)
			return append(dst, '\n', '\n')
		}
		dst = append(dst, data[:i]...)
		dst = append(dst, '\n')
		if data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			i++
		}
		data = data[i+1:]
	}
}
