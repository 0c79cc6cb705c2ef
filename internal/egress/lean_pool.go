package egress

import (
	"sync"
	"time"
)

// pool keeps idle connections, the most recently used on top.
type pool struct {
	maxIdle int // by target
	timeout time.Duration

	mu     sync.Mutex
	idle   map[target][]*leanConn
	reaper *time.Timer // nil while nothing is idle
}

// take returns an idle connection that seems alive, or nil.
func (p *pool) take(t target) *leanConn {
	for {
		c := p.pop(t)
		if c == nil {
			return nil
		}
		age := time.Since(c.idleSince)
		if age < p.timeout && alive(c.Conn) {
			c.reused = true
			return c
		}
		_ = c.Close()
	}
}

func (p *pool) pop(t target) *leanConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[t]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	list[len(list)-1] = nil
	p.idle[t] = list[:len(list)-1]
	return c
}

func (p *pool) put(c *leanConn) {
	c.idleSince = time.Now()
	p.mu.Lock()
	list := p.idle[c.target]
	if len(list) >= p.maxIdle {
		p.mu.Unlock()
		_ = c.Close()
		return
	}
	if p.idle == nil {
		p.idle = map[target][]*leanConn{}
	}
	p.idle[c.target] = append(list, c)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(p.timeout, p.reap)
	}
	p.mu.Unlock()
}

// reap closes what has been idle for too long, and comes again while anything
// is left.
func (p *pool) reap() {
	var old []*leanConn
	p.mu.Lock()
	for t, list := range p.idle {
		n := 0
		for n < len(list) && time.Since(list[n].idleSince) >= p.timeout {
			n++
		}
		old = append(old, list[:n]...)
		if n == len(list) {
			delete(p.idle, t)
		} else {
			p.idle[t] = append([]*leanConn(nil), list[n:]...)
		}
	}
	p.reaper = nil
	if len(p.idle) > 0 {
		p.reaper = time.AfterFunc(max(p.timeout/2, 10*time.Millisecond), p.reap)
	}
	p.mu.Unlock()
	for _, c := range old {
		_ = c.Close()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	if p.reaper != nil {
		p.reaper.Stop()
		p.reaper = nil
	}
	p.mu.Unlock()
	for _, list := range idle {
		for _, c := range list {
			_ = c.Close()
		}
	}
}
