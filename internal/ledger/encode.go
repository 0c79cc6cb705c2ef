package ledger

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
)

// The encoders below write the JSON that encoding/json reads back into the same
// value, several times faster. Every object starts with its id, so that a scan
// need not decode the rest, and no raw zero byte can occur, which framing uses.
// Each key argument holds its comma and colon.

func appendReservation(b []byte, r *Reservation) []byte {
	b = appendString(append(b, `{"id":`...), r.ID)
	b = appendTime(b, `,"started_at":`, r.StartedAt)
	b = appendText(b, `,"org_id":`, r.OrgID)
	b = appendText(b, `,"workspace_id":`, r.WorkspaceID)
	b = appendText(b, `,"key_id":`, r.KeyID)
	b = appendText(b, `,"user_id":`, r.UserID)
	b = appendText(b, `,"trace_id":`, r.TraceID)
	b = appendText(b, `,"span_id":`, r.SpanID)
	b = appendText(b, `,"parent_span_id":`, r.ParentSpanID)
	b = appendText(b, `,"span_name":`, r.SpanName)
	b = appendText(b, `,"op":`, string(r.Op))
	b = appendText(b, `,"dialect":`, string(r.Dialect))
	b = appendText(b, `,"method":`, r.Method)
	b = appendText(b, `,"path":`, r.Path)
	b = appendBool(b, `,"stream":`, r.Stream)
	b = appendText(b, `,"ask_model":`, r.AskModel)
	b = appendText(b, `,"config_id":`, r.ConfigID)
	b = appendText(b, `,"config_slug":`, r.ConfigSlug)
	b = appendText(b, `,"config_version":`, r.ConfigVersion)
	b = appendMap(b, `,"metadata":`, r.Metadata)
	b = appendInt(b, `,"hold_nano":`, r.HoldNano)
	return append(b, '}')
}

func appendEntry(b []byte, e *Entry) []byte {
	b = appendString(append(b, `{"id":`...), e.ID)
	b = appendTime(b, `,"started_at":`, e.StartedAt)
	b = appendWho(b, e)
	b = appendText(b, `,"source":`, e.Source)
	b = appendText(b, `,"op":`, string(e.Op))
	b = appendText(b, `,"dialect":`, string(e.Dialect))
	b = appendText(b, `,"method":`, e.Method)
	b = appendText(b, `,"path":`, e.Path)
	b = appendBool(b, `,"stream":`, e.Stream)
	b = appendOutcome(b, e)
	b = appendText(b, `,"config_id":`, e.ConfigID)
	b = appendText(b, `,"config_slug":`, e.ConfigSlug)
	b = appendText(b, `,"config_version":`, e.ConfigVersion)
	b = appendUsage(b, `,"usage":`, &e.Usage)
	b = appendInt(b, `,"cost_nano":`, e.CostNano)
	b = appendBool(b, `,"cost_known":`, e.CostKnown)
	b = appendText(b, `,"price_model":`, e.PriceModel)
	b = appendText(b, `,"price_version":`, e.PriceVersion)
	b = appendCharge(b, e.Charge)
	b = appendTime(b, `,"repriced_at":`, e.RepricedAt)
	b = appendInt(b, `,"total_us":`, e.TotalMicros)
	b = appendInt(b, `,"first_token_us":`, e.FirstTokenMicros)
	b = appendInt(b, `,"upstream_us":`, e.UpstreamMicros)
	b = appendAttempts(b, e.Attempts)
	b = appendDecisions(b, e.Decisions)
	b = appendMap(b, `,"metadata":`, e.Metadata)
	b = appendReceipts(b, e.Receipts)
	b = appendMap(b, `,"headers":`, e.Headers)
	b = appendText(b, `,"client_ip":`, e.ClientIP)
	b = appendText(b, `,"sdk":`, e.SDK)
	b = appendText(b, `,"runtime":`, e.Runtime)
	b = appendRef(b, `,"request":`, e.Request)
	b = appendRef(b, `,"reply":`, e.Reply)
	b = appendRef(b, `,"upstream":`, e.Upstream)
	b = appendRef(b, `,"upstream_raw":`, e.UpstreamRaw)
	b = appendBool(b, `,"bodies_lost":`, e.BodiesLost)
	return append(b, '}')
}

func appendWho(b []byte, e *Entry) []byte {
	b = appendText(b, `,"org_id":`, e.OrgID)
	b = appendText(b, `,"workspace_id":`, e.WorkspaceID)
	b = appendText(b, `,"key_id":`, e.KeyID)
	b = appendText(b, `,"user_id":`, e.UserID)
	b = appendText(b, `,"trace_id":`, e.TraceID)
	b = appendText(b, `,"span_id":`, e.SpanID)
	b = appendText(b, `,"parent_span_id":`, e.ParentSpanID)
	return appendText(b, `,"span_name":`, e.SpanName)
}

func appendOutcome(b []byte, e *Entry) []byte {
	b = appendText(b, `,"state":`, string(e.State))
	b = appendInt(b, `,"status":`, int64(e.Status))
	b = appendError(b, e.Error)
	b = appendText(b, `,"last_step":`, e.LastStep)
	b = appendText(b, `,"mode":`, e.Mode)
	b = appendInt(b, `,"retries":`, int64(e.Retries))
	b = appendBool(b, `,"fallback":`, e.Fallback)
	b = appendText(b, `,"cache":`, e.Cache)
	b = appendText(b, `,"provider":`, e.Provider)
	b = appendText(b, `,"model":`, e.Model)
	b = appendText(b, `,"ask_model":`, e.AskModel)
	b = appendText(b, `,"virtual_key":`, e.Virtual)
	return appendText(b, `,"url":`, e.URL)
}

func appendUsage(b []byte, key string, u *ai.Usage) []byte {
	if *u == (ai.Usage{}) {
		return b
	}
	b = append(append(b, key...), '{')
	from := len(b)
	b = appendBool(b, `,"known":`, u.Known)
	b = appendBool(b, `,"estimated":`, u.Estimated)
	b = appendInt(b, `,"input_tokens":`, u.InputTokens)
	b = appendInt(b, `,"output_tokens":`, u.OutputTokens)
	b = appendInt(b, `,"cache_read_tokens":`, u.CacheReadTokens)
	b = appendInt(b, `,"cache_write_tokens":`, u.CacheWriteTokens)
	b = appendInt(b, `,"cache_write_1h_tokens":`, u.CacheWrite1hTokens)
	b = appendInt(b, `,"reasoning_tokens":`, u.ReasoningTokens)
	b = appendInt(b, `,"input_audio_tokens":`, u.InputAudioTokens)
	b = appendInt(b, `,"output_audio_tokens":`, u.OutputAudioTokens)
	b = appendInt(b, `,"input_image_tokens":`, u.InputImageTokens)
	b = appendInt(b, `,"output_image_tokens":`, u.OutputImageTokens)
	b = appendInt(b, `,"web_searches":`, u.WebSearches)
	b = appendInt(b, `,"other_tokens":`, u.OtherTokens)
	b = appendInt(b, `,"images":`, u.Images)
	b = appendInt(b, `,"audio_ms":`, u.AudioMillis)
	b = appendInt(b, `,"characters":`, u.Characters)
	b = appendInt(b, `,"search_units":`, u.SearchUnits)
	b = appendInt(b, `,"pages":`, u.Pages)
	b = appendText(b, `,"image_quality":`, u.ImageQuality)
	b = appendText(b, `,"image_size":`, u.ImageSize)
	b = appendText(b, `,"search_context":`, u.SearchContext)
	b = appendText(b, `,"service_tier":`, u.ServiceTier)
	return closeObject(b, from)
}

func appendCharge(b []byte, c *Charge) []byte {
	if c == nil {
		return b
	}
	b = appendString(append(b, `,"charge":{"model":`...), c.Model)
	b = appendList(b, `,"source":`, c.Source)
	b = appendText(b, `,"as_of":`, c.AsOf)
	b = appendText(b, `,"from":`, c.From)
	b = appendText(b, `,"tier":`, c.Tier)
	b = appendInt(b, `,"above":`, c.Above)
	b = appendBool(b, `,"assumed":`, c.Assumed)
	b = appendBool(b, `,"uncertain":`, c.Uncertain)
	b = appendBool(b, `,"local":`, c.Local)
	b = appendText(b, `,"missing":`, c.Missing)
	if len(c.Lines) > 0 {
		b = append(b, `,"lines":[`...)
		for i := range c.Lines {
			l := &c.Lines[i]
			b = appendString(append(b, `{"name":`...), l.Name)
			b = appendInt(b, `,"count":`, l.Count)
			b = appendInt(b, `,"rate":`, l.Rate)
			b = appendInt(b, `,"nano":`, l.Nano)
			b = append(b, '}', ',')
		}
		b[len(b)-1] = ']'
	}
	return append(b, '}')
}

func appendList(b []byte, key string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, key...), '[')
	for _, s := range list {
		b = append(appendString(b, s), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendAttempts(b []byte, list []Attempt) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"attempts":[`...)
	for i := range list {
		a := &list[i]
		b = append(b, '{')
		from := len(b)
		b = appendText(b, `,"step":`, a.Step)
		b = appendInt(b, `,"retry":`, int64(a.Retry))
		b = appendText(b, `,"provider":`, a.Provider)
		b = appendText(b, `,"model":`, a.Model)
		b = appendText(b, `,"virtual_key":`, a.Virtual)
		b = appendText(b, `,"url":`, a.URL)
		b = appendInt(b, `,"status":`, int64(a.Status))
		b = appendError(b, a.Error)
		b = appendInt(b, `,"start_us":`, a.StartMicros)
		b = appendInt(b, `,"head_us":`, a.HeadMicros)
		b = appendInt(b, `,"total_us":`, a.TotalMicros)
		b = appendInt(b, `,"wait_us":`, a.WaitMicros)
		b = appendText(b, `,"upstream_id":`, a.Upstream)
		b = appendRef(b, `,"reply":`, a.Reply)
		b = append(closeObject(b, from), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendDecisions(b []byte, list []Decision) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"decisions":[`...)
	for i := range list {
		d := &list[i]
		b = append(b, '{')
		from := len(b)
		b = appendText(b, `,"path":`, d.Path)
		b = appendText(b, `,"mode":`, d.Mode)
		b = appendInt(b, `,"chosen":`, int64(d.Chosen))
		b = appendText(b, `,"reason":`, d.Reason)
		b = append(closeObject(b, from), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendReceipts(b []byte, list []ai.Receipt) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, `,"receipts":[`...)
	for _, r := range list {
		b = appendString(append(b, `{"path":`...), r.Path)
		b = appendString(append(b, `,"reason":`...), r.Reason)
		b = append(b, '}', ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendError(b []byte, e *ErrorInfo) []byte {
	if e == nil {
		return b
	}
	b = appendString(append(b, `,"error":{"message":`...), e.Message)
	b = appendText(b, `,"type":`, e.Type)
	b = appendText(b, `,"code":`, e.Code)
	return append(b, '}')
}

func appendRef(b []byte, key string, r BodyRef) []byte {
	if r.IsZero() {
		return b
	}
	b = append(append(b, key...), `{"segment":`...)
	b = strconv.AppendUint(b, uint64(r.Segment), 10)
	b = appendInt(b, `,"offset":`, r.Offset)
	b = appendInt(b, `,"length":`, int64(r.Length))
	b = appendText(b, `,"store":`, r.Store)
	return append(b, '}')
}

func appendMap(b []byte, key string, m map[string]string) []byte {
	if len(m) == 0 {
		return b
	}
	return appendPairs(append(b, key...), m, "")
}

// appendPairs writes m without one of its keys, "" for none.
func appendPairs(b []byte, m map[string]string, without string) []byte {
	b = append(b, '{')
	from := len(b)
	for _, k := range sortedKeys(m) {
		if without != "" && k == without {
			continue
		}
		b = append(appendString(append(b, ','), k), ':')
		b = appendString(b, m[k])
	}
	return closeObject(b, from)
}

func sortedKeys(m map[string]string) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// closeObject ends an object whose fields begin at from, dropping the comma of
// its first field.
func closeObject(b []byte, from int) []byte {
	if len(b) > from {
		b = append(b[:from], b[from+1:]...)
	}
	return append(b, '}')
}

func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, key...), s)
}

func appendInt(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), n, 10)
}

func appendBool(b []byte, key string, v bool) []byte {
	if !v {
		return b
	}
	return append(append(b, key...), "true"...)
}

func appendTime(b []byte, key string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b = append(append(b, key...), '"')
	return append(t.UTC().AppendFormat(b, time.RFC3339Nano), '"')
}

// appendString writes s as a JSON string. Bytes that are not UTF-8 become the
// replacement character, as in encoding/json.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
