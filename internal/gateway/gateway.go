// Package gateway is the request pipeline: the only package that calls
// providers. It finds out which routing config applies, walks it, turns the call
// into what each target's provider expects, sends it, turns the answer back, and
// has all of it written to the ledger before the last byte is released.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
)

// A Doer sends one HTTP request; in production it is the guarded client.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// A Journal takes the two records of every request. An error of Reserve means
// that new spend must be refused.
type Journal interface {
	Reserve(ledger.Reservation) error
	Settle(*ledger.Entry) error
}

// A BodyStore keeps bodies for the log. Put never blocks; the store owns b from
// then on. It reports false when the body was dropped.
type BodyStore interface {
	Put(id string, kind byte, b []byte, release func()) (ledger.BodyRef, bool)
}

// Options are what a Gateway is made of. All are required but Log.
type Options struct {
	Directory directory.Directory
	Providers *provider.Registry
	Formats   map[ai.Dialect]dialect.Format
	HTTP      Doer
	Upgrades  *http.Client // guarded like HTTP, for WebSockets
	Journal   Journal
	Bodies    BodyStore
	Prices    *price.Book
	CheckHost func(url string) error // whether a caller may name this custom host
	Limits    Limits
	Log       *slog.Logger
}

// Limits bound what a provider may make us hold or wait for.
type Limits struct {
	ReplyBytes  int64         // largest whole reply; 0 means 64 MiB
	EventBytes  int           // largest single stream event; 0 means 16 MiB
	LogBytes    int           // most of a streamed reply kept for the log; 0 means 4 MiB
	HeadTimeout time.Duration // to the response head where the config sets none; 0 means 10 min
	IdleTimeout time.Duration // between stream events where the config sets none; 0 means 5 min
}

func (l Limits) withDefaults() Limits {
	l.ReplyBytes = orDefault(l.ReplyBytes, 64<<20)
	l.EventBytes = orDefault(l.EventBytes, 16<<20)
	l.LogBytes = orDefault(l.LogBytes, 4<<20)
	l.HeadTimeout = orDefault(l.HeadTimeout, 10*time.Minute)
	l.IdleTimeout = orDefault(l.IdleTimeout, 5*time.Minute)
	return l
}

func orDefault[T int | int64 | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// A Gateway serves calls. It is safe for concurrent use.
type Gateway struct {
	Options
	inline  *configCache
	secrets secretNames
	bare    *route.Config // of a call without a config: one target, from the headers
}

// New makes a gateway.
func New(o Options) *Gateway {
	o.Limits = o.Limits.withDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{Options: o, bare: route.Direct()}
	g.secrets = newSecretNames(o.Providers)
	g.inline = newConfigCache(1024, RouteOptions(o.Providers, o.CheckHost), g.secrets)
	return g
}

// RouteOptions is what configs are checked against: the providers there are, and
// the hosts a caller may name.
func RouteOptions(providers *provider.Registry, checkHost func(url string) error) route.Options {
	return route.Options{CheckHost: checkHost, KnownProvider: func(id string) (string, bool) {
		_, ok := providers.Get(id)
		return id, ok
	}}
}

// Do serves one call and always answers: with the provider's reply or with an
// error written in the client's dialect. By the time it returns a whole reply,
// and before a stream gives out its last event, the entry is in the journal. The
// caller must Close a reply's Stream.
func (g *Gateway) Do(ctx context.Context, c *Call) *ai.Reply {
	if (c.Op == ai.Models || c.Op == ai.GetModel) && !NamesProvider(c.Headers) {
		if reply := g.knownModels(c); reply != nil {
			return reply
		}
	}
	rec := g.open(c)
	last, reply := g.walk(ctx, c, rec)
	if reply != nil {
		return reply
	}
	return rec.release(ctx, last)
}

// walk calls one target after the other until one answers well or there is none
// left. It returns the last answer, or the reply to a call that has none.
func (g *Gateway) walk(ctx context.Context, c *Call, rec *record) (*answer, *ai.Reply) {
	if err := g.Journal.Reserve(rec.reservation()); err != nil {
		return nil, rec.refuse(err)
	}
	cfg, err := g.config(c, rec)
	if err == nil {
		err = g.checkHeaders(c)
	}
	if err != nil {
		return nil, rec.refuse(err)
	}
	plan, err := cfg.Plan(route.Attrs{Metadata: c.Metadata, Params: g.params(c), Path: c.Path}, nil)
	if err != nil {
		return nil, rec.refuse(err)
	}
	rec.plan = plan
	var last *answer
	step, more := plan.Next(route.Outcome{})
	for more {
		if err := rec.wait(ctx, step.Wait); err != nil && clientLeft(ctx) {
			return nil, rec.gone(last)
		} else if err != nil {
			break
		}
		last.discard()
		last = g.attempt(ctx, c, rec, step)
		if ctx.Err() != nil && last.err != nil {
			if clientLeft(ctx) {
				return nil, rec.gone(last)
			}
			break
		}
		step, more = plan.Next(last.outcome)
	}
	if last == nil {
		return nil, rec.refuse(ai.Errorf(ai.Invalid, "The config has no target that could be called"))
	}
	if err := plan.Err(); err != nil {
		return nil, rec.refuse(err)
	}
	return last, nil
}

// clientLeft tells a client that went away from a server that ends its requests.
func clientLeft(ctx context.Context) bool {
	_, ended := errors.AsType[*ai.Error](context.Cause(ctx))
	return ctx.Err() != nil && !ended
}

// Refuse answers a call that never reached routing, such as one whose body is
// not valid, and puts it on record.
func (g *Gateway) Refuse(c *Call, err error) *ai.Reply {
	rec := g.open(c)
	return rec.refuse(err)
}
