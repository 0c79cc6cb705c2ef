package clickhouse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/store/logsql"
)

// A client speaks ClickHouse's HTTP interface.
type client struct {
	do       func(*http.Request) (*http.Response, error)
	base     string // http://host:port/
	user     string
	password ai.Secret
	database string
	timeout  time.Duration
}

const badURL = "must be a URL such as clickhouse://user:password@host:8443/database?secure=true, with the port of the HTTP interface; characters such as / and @ in a password are written %2F and %40"

// newClient reads a URL. Its error does not repeat it.
func newClient(address ai.Secret) (*client, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Scheme != "clickhouse" || u.Hostname() == "" {
		return nil, errors.New(badURL)
	}
	scheme, port := "http", "8123"
	for name, values := range u.Query() {
		secure, err := strconv.ParseBool(values[0])
		if name != "secure" || err != nil {
			return nil, fmt.Errorf("%s; the only parameter is secure, true or false, not %q", badURL, name)
		}
		if secure {
			scheme, port = "https", "8443"
		}
	}
	host := u.Host
	if u.Port() == "" {
		host += ":" + port
	}
	c := &client{base: scheme + "://" + host + "/", user: "default", database: strings.Trim(u.Path, "/")}
	if c.database == "" {
		c.database = "default"
	}
	if name := u.User.Username(); name != "" {
		c.user = name
	}
	password, _ := u.User.Password()
	c.password = ai.NewSecret(password)
	return c, nil
}

// Host is the host and port that a URL means, for who must allow it.
func Host(address ai.Secret) (string, error) {
	c, err := newClient(address)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(c.base)
	if err != nil {
		return "", errors.New(badURL)
	}
	return u.Host, nil
}

// A fault is what the server says is wrong.
type fault struct {
	status int
	code   int // ClickHouse's own; 0 if it gave none
	text   string
}

func (f *fault) Error() string { return fmt.Sprintf("status %d: %s", f.status, f.text) }

// codeOf is ClickHouse's number for err, 0 if it has none.
func codeOf(err error) int {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.code
	}
	return 0
}

// Codes of ClickHouse.
const (
	timeoutExceeded = 159
	tooSlow         = 160
	tooManyQueries  = 202
	networkError    = 210
	memoryLimit     = 241
	tableReadOnly   = 242
	tooManyParts    = 252
	keeperException = 999
)

// unreachable reports whether err is about the way to the server, or about a
// server that can take nothing at the moment, and not about what was asked.
func unreachable(err error) bool {
	if err == nil {
		return false
	}
	f, ok := errors.AsType[*fault](err)
	if !ok {
		_, lost := errors.AsType[*lostError](err)
		return lost
	}
	switch f.code {
	case tooManyQueries, networkError, tableReadOnly, tooManyParts, keeperException:
		return true
	case 0:
		return f.status >= 500 // a proxy's
	}
	return false
}

// A lostError is one of the connection.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// send runs a statement. Its data, if there are any, are what an INSERT takes.
func (c *client) send(ctx context.Context, statement string, params url.Values, data []byte) (*http.Response, error) {
	query := url.Values{"database": {c.database}, "wait_end_of_query": {"1"}} // so that the status tells whether all went well
	for name, values := range params {
		query[name] = values
	}
	body := []byte(statement)
	if data != nil {
		query.Set("query", statement)
		body = data
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-ClickHouse-User", c.user)
	req.Header.Set("X-ClickHouse-Key", c.password.Reveal())
	resp, err := c.do(req)
	if err != nil {
		return nil, &lostError{err}
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 2<<10))
	f := &fault{status: resp.StatusCode, text: strings.TrimSpace(string(text))}
	f.code, _ = strconv.Atoi(resp.Header.Get("X-ClickHouse-Exception-Code"))
	return nil, f
}

// exec runs a statement that answers nothing.
func (c *client) exec(ctx context.Context, timeout time.Duration, statement string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	resp, err := c.send(ctx, statement, nil, data)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// query runs a question.
func (c *client) query(ctx context.Context, text string, args []any) (logsql.Rows, error) {
	params := url.Values{}
	text = fmt.Sprintf("%s SETTINGS %s, max_execution_time = %d FORMAT JSONCompactEachRow", named(text, args, params), settings, int(c.timeout.Seconds()))
	ctx, cancel := context.WithTimeout(ctx, c.timeout+5*time.Second) // the server gives up earlier, if it can be reached
	resp, err := c.send(ctx, text, params, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	return &answer{body: resp.Body, rows: json.NewDecoder(resp.Body), cancel: cancel}, nil
}

// settings of questions. Rows of one key are in one partition, which therefore are
// merged apart.
const settings = "output_format_json_quote_64bit_integers = 0, do_not_merge_across_partitions_select_final = 1, use_skip_indexes_if_final = 1"

// named writes parameters p1, p2, … for each ?, and puts their values, in
// ClickHouse's escapes, into params.
func named(text string, args []any, params url.Values) string {
	parts := strings.Split(text, "?")
	var b strings.Builder
	for i, part := range parts[:len(parts)-1] {
		b.WriteString(part)
		name := "p" + strconv.Itoa(i+1)
		switch v := args[i].(type) {
		case string:
			b.WriteString("{" + name + ":String}")
			params.Set("param_"+name, escaped.Replace(v))
		default:
			b.WriteString("{" + name + ":Int64}")
			params.Set("param_"+name, fmt.Sprint(v))
		}
	}
	b.WriteString(parts[len(parts)-1])
	return b.String()
}

var escaped = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\b", `\b`, "\f", `\f`, "\x00", `\0`)

// An answer is read row by row, each a JSON array.
type answer struct {
	body   io.ReadCloser
	rows   *json.Decoder
	cancel context.CancelFunc
	row    []json.RawMessage
	err    error
}

func (a *answer) Next() bool {
	a.row = a.row[:0]
	err := a.rows.Decode(&a.row)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = &lostError{err}
	}
	return err == nil
}

func (a *answer) Scan(dest ...any) error {
	if len(dest) != len(a.row) {
		return fmt.Errorf("%d columns, want %d", len(a.row), len(dest))
	}
	for i, raw := range a.row {
		if b, ok := dest[i].(*[]byte); ok {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			*b = []byte(s)
		} else if err := json.Unmarshal(raw, dest[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) Err() error { return a.err }

func (a *answer) Close() error {
	defer a.cancel()
	return a.body.Close()
}
