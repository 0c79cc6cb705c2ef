package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
)

const (
	firstPause = 500 * time.Millisecond // before a job is asked after; later pauses are longer
	longPause  = 5 * time.Second        // unless the provider names one,
	leastPause = 100 * time.Millisecond // which is kept to if it is no shorter
	maxFailed  = 5                      // questions in a row that may fail: the job goes on, and is paid for
	cancelTime = 5 * time.Second        // to give a job up in
)

// await asks after the job that a reply names, if it is one of a provider that
// has them, until it is done. It returns the last reply's body and leaves its head
// with the exchange. All of it is bounded by the time that the call may take.
func (g *Gateway) await(c *Call, a *answer, x *exchange, body []byte) ([]byte, error) {
	poller, ok := a.destination.provider.Adapter.(provider.Poller)
	if !ok {
		return body, nil
	}
	call := a.call(c, c.Rest)
	job, err := poller.Job(a.destination.provider, call, nil, body)
	pause, failed := firstPause, 0
	for job != nil && err == nil {
		var failure error
		body, failure = g.askAfter(a, x, call, job, &pause)
		switch status := x.resp.StatusCode; {
		case failure == nil && status < 300:
			failed = 0
			job, err = poller.Job(a.destination.provider, call, job, body)
			continue
		case failure == nil && status != http.StatusTooManyRequests && status < 500:
			return body, nil
		}
		if failed++; failed == maxFailed || x.ctx.Err() != nil {
			g.abandon(a, x, call, job)
			return body, failure
		}
	}
	return body, err
}

// askAfter waits for as long as the provider says, or for pause, which it makes
// longer, and asks how a job stands.
func (g *Gateway) askAfter(a *answer, x *exchange, call *provider.Call, job *provider.Job, pause *time.Duration) ([]byte, error) {
	wait, told := route.ParseRetryAfter(x.resp.Header, time.Now())
	if !told {
		wait = *pause
		*pause = min(*pause*3/2, longPause)
	}
	x.watch.enter(awaitingJob, x.head-time.Since(x.began))
	timer := time.NewTimer(max(wait, leastPause))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.ctx.Done():
		return nil, x.explain(x.ctx.Err())
	}
	question := *call
	question.Body, question.Upload = job.Body, nil
	req, err := provider.NewRequest(x.ctx, a.destination.provider, &question, job.Method, job.URL)
	if err != nil {
		return nil, err
	}
	if err := x.do(g, a, req); err != nil {
		return nil, err
	}
	body, err := g.readBody(x)
	return a.destination.maskBody(body), err
}

// abandon gives a job up that nobody waits for any longer, where the provider lets
// one. The client may be gone by now.
func (g *Gateway) abandon(a *answer, x *exchange, call *provider.Call, job *provider.Job) {
	if job.Cancel == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), cancelTime)
	defer cancel()
	question := *call
	question.Body, question.Upload = nil, nil
	req, err := provider.NewRequest(ctx, a.destination.provider, &question, http.MethodPost, job.Cancel)
	if err == nil {
		var resp *http.Response
		if resp, err = g.HTTP.Do(req); err == nil {
			err = resp.Body.Close()
		}
	}
	if err != nil {
		g.Log.Warn("a job could not be cancelled", "url", job.Cancel, "err", err)
	}
}

// call is what the provider's adapter is asked to encode.
func (a *answer) call(c *Call, rest string) *provider.Call {
	d := a.destination
	return &provider.Call{
		ID: c.ID, Op: d.op, Dialect: d.endpoint.Dialect, Model: d.model, Stream: c.Stream, Body: a.sent, Upload: a.upload,
		Method: c.Method, Rest: rest, Base: d.base, Key: d.key, Fields: d.fields, Header: d.header,
	}
}
