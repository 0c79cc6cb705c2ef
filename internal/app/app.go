package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/dialect"
	dialects "github.com/portico-ai/portico/internal/dialect/all"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/export"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/mail"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
	"github.com/portico-ai/portico/internal/telemetry"
)

// Names in the data folder.
const (
	databaseFile    = "portico.db"
	logsFile        = "logs.duckdb"
	journalNameFile = "journal-name"
	journalDir      = "journal"
	bodiesDir       = "bodies"
	spoolDir        = "spool"
	lockFile        = "lock"
	exportsDir      = "exports"
	quarantine      = "quarantine.jsonl"
	exportCursor    = "otlp.json" // how far the journal has been sent to a collector
	snapshotName    = "directory.snapshot"
	nodeFile        = "node"
)

// An App is a wired server. Run serves until its context ends; Close releases
// what New has opened and is called by Run.
type App struct {
	cfg Config
	log *slog.Logger

	lock      *folderLock
	master    *secret.Box
	db        *sqldb.Store
	service   *control.Service
	directory *directory.Memory
	rows      *provider.Registry // as the table has them
	providers *provider.Registry // with the operator's base URLs
	policy    *egress.Policy
	http      *egress.Client
	mail      *mail.Server // nil if there is none
	journal   *ledger.Journal
	bodies    *ledger.Bodies
	blobs     ledger.Objects // nil: bodies are in the data folder alone
	logs      logStore
	follower  *ledger.Follower
	exports   *export.Runner
	exporter  *telemetry.Exporter // nil: there is no collector
	exporting *ledger.Follower    // that feeds it
	prices    *priceFile
	metrics   *telemetry.Metrics
	gateway   *gateway.Gateway
	formats   map[ai.Dialect]dialect.Format

	listener, metricsListener net.Listener
	server                    *http.Server
	control                   *admin.API
	first                     control.First
	health                    health
	endRequests               context.CancelCauseFunc // ends what is still in flight after the drain
	sessions                  sync.WaitGroup          // realtime

	closeOnce sync.Once
	closeErr  error
}

// New opens the data folder and wires the server. Nothing is served before Run.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	a := &App{cfg: cfg, log: log}
	steps := []func(context.Context) error{
		a.checkConfig, a.listen, a.openFolder, a.openDatabase, a.openEgress, a.openMail, a.openBlobs, a.openStores, a.openControl, a.openGateway,
		a.openExports, a.openExporter,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	a.server = a.newServer()
	return a, nil
}

// checkConfig refuses settings whose store is not part of this version.
func (a *App) checkConfig(context.Context) error {
	for name, url := range map[string]string{
		"redis_url": a.cfg.RedisURL,
	} {
		if url != "" {
			return fmt.Errorf("%s is not supported by this version: leave it out to use the data folder", name)
		}
	}
	return nil
}

// listen comes first, so that a second server on the same port fails at once.
func (a *App) listen(context.Context) (err error) {
	if a.listener, err = net.Listen("tcp", a.cfg.Listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if a.cfg.MetricsListen == "" {
		return nil
	}
	if a.metricsListener, err = net.Listen("tcp", a.cfg.MetricsListen); err != nil {
		return fmt.Errorf("--metrics-listen: %w", err)
	}
	return nil
}

func (a *App) openFolder(context.Context) (err error) {
	if a.lock, err = lockFolder(a.cfg.Data); err != nil {
		return err
	}
	if a.cfg.shared() {
		return nil // whether there may be a new master key is for the database to say
	}
	if err := refuseNode(a.cfg); err != nil {
		return err
	}
	_, err = os.Stat(a.path(databaseFile))
	return a.openMaster(errors.Is(err, fs.ErrNotExist))
}

// openMaster finds the master key before anything is made that would depend on
// it; only a folder without a database may get a new one.
func (a *App) openMaster(create bool) (err error) {
	source := masterSource(a.cfg)
	source.Create = create
	a.master, err = secret.Master(source)
	return err
}

func masterSource(cfg Config) secret.Source {
	return secret.Source{Value: cfg.MasterKey.Reveal(), File: cfg.MasterKeyFile, Dir: cfg.Data}
}

func (a *App) path(name string) string { return filepath.Join(a.cfg.Data, name) }

// openStores opens the log store beside the others: it is the slowest.
func (a *App) openStores(ctx context.Context) error {
	opened := make(chan error, 1)
	go func() {
		var err error
		a.logs, err = a.openLogStore(ctx)
		opened <- err
	}()
	err := a.openLedger()
	if e := <-opened; e != nil {
		err = errors.Join(err, fmt.Errorf("open the log store: %w", e))
	}
	if err != nil {
		return err
	}
	a.follower = ledger.NewFollower(a.journal, a.logs, ledger.FollowOptions{
		Name: "logs", Quarantine: a.path(quarantine), Log: a.log,
		// Rows cost several times less in large batches; whoever asks for logs
		// makes the follower catch up first.
		Batch: 8192, Wait: time.Second,
	})
	return nil
}

func (a *App) openLedger() (err error) {
	if err := a.openJournal(); err != nil {
		return err
	}
	if err := os.MkdirAll(a.path(spoolDir), 0o700); err != nil {
		return fmt.Errorf("make the folder for uploads: %w", err)
	}
	if a.bodies, err = ledger.OpenBodies(a.path(bodiesDir), ledger.BodyOptions{
		SegmentSize: segmentSize(a.cfg.BodiesMax), Remote: a.remoteBodies(), Log: a.log,
	}); err != nil {
		return fmt.Errorf("open the bodies: %w", err)
	}
	if a.prices, err = loadPrices(a.cfg.Prices, a.log); err != nil {
		return err
	}
	return nil
}

func (a *App) openJournal() (err error) {
	a.journal, err = ledger.Open(a.path(journalDir), ledger.Options{
		SegmentSize: segmentSize(a.cfg.JournalMax), TailBytes: 16 << 20, Durability: a.cfg.Durability, Log: a.log,
	})
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	return nil
}

func (a *App) openControl(ctx context.Context) error {
	var snapshot control.SnapshotFile
	if a.cfg.shared() {
		snapshot = snapshotFile{a.path(snapshotName)}
	}
	if err := a.newService(snapshot); err != nil {
		return err
	}
	o := control.Options{AdminKey: a.cfg.BootstrapAdminKey.Reveal(), WorkspaceKey: a.cfg.BootstrapWorkspaceKey.Reveal()}
	if a.cfg.Demo {
		o.DemoProvider = demoProvider
	}
	var err error
	a.first, err = a.service.Bootstrap(ctx, o)
	return err
}

// newService wires the control plane to the open database.
func (a *App) newService(snapshot control.SnapshotFile) (err error) {
	a.directory = directory.NewMemory()
	d := control.Deps{
		Store: a.db, Master: a.master, Directory: a.directory, Providers: providerInfos{a.rows}, Log: a.log,
		CheckConfig: func(raw []byte) (*route.Config, error) {
			o := gateway.RouteOptions(a.providers, a.checkHost)
			o.ForSave = true
			return gateway.ParseConfig(raw, o)
		},
		CheckHost: a.checkHost, ExportFields: logs.ExportFields(), Shared: a.cfg.shared(), Snapshot: snapshot, Mail: a.mailer(),
	}
	if d.Shared {
		if d.Node, err = nodeName(a.cfg.Data); err != nil {
			return err
		}
	}
	a.service = control.New(d)
	return nil
}

func (a *App) openGateway(context.Context) error {
	a.formats = dialects.New()
	a.metrics = telemetry.NewMetrics(a.cfg.Version)
	if a.cfg.MetricsCompat {
		a.metrics.WithCompat(a.cfg.Compat)
	}
	for name, c := range map[string]struct {
		help string
		read func(ledger.Stats) int64
	}{
		"portico_journal_entries_total":         {"Entries recorded.", func(s ledger.Stats) int64 { return s.Settled }},
		"portico_journal_corrupt_total":         {"Stretches of damage skipped.", func(s ledger.Stats) int64 { return s.Corrupt }},
		"portico_journal_lost_total":            {"Entries that found neither disk nor memory.", func(s ledger.Stats) int64 { return s.Lost }},
		"portico_journal_missed_segments_total": {"Segments dropped by retention before they were sent to the collector.", func(s ledger.Stats) int64 { return s.Missed }},
	} {
		a.metrics.Counter(name, c.help, func() float64 { return float64(c.read(a.journal.Stats())) })
	}
	start := a.journal.End()
	a.metrics.Gauge("portico_journal_start_segment", "Where the journal ended when the process began: with the offset, where the counters begin.",
		func() float64 { return float64(start.Segment) })
	a.metrics.Gauge("portico_journal_start_offset", "See portico_journal_start_segment.", func() float64 { return float64(start.Offset) })
	a.metrics.Gauge("portico_journal_bytes", "Size of the journal.", func() float64 { return float64(a.journal.Stats().Bytes) })
	a.metrics.Gauge("portico_bodies_bytes", "Disk space of the bodies.", func() float64 { return float64(a.bodies.Bytes()) })
	a.metrics.Gauge("portico_bodies_dropped", "Bodies not kept because the disk or the queue was full, or because they could not be stored elsewhere in time.", func() float64 { return float64(a.bodies.Dropped()) })
	if a.blobs != nil {
		a.metrics.Gauge("portico_blobs_failures", "Tries to store bodies that failed.", func() float64 { return float64(a.bodies.Shipping().Failures) })
		a.metrics.Gauge("portico_blobs_waiting_bytes", "Bodies on the disk that are not stored elsewhere yet.", func() float64 { return float64(a.bodies.Waiting()) })
	}
	a.metrics.Gauge("portico_log_entries_quarantined", "Entries set apart because the log store could not take them.", func() float64 { return float64(a.follower.Quarantined()) })
	a.metrics.Gauge("portico_journal_lag_bytes", "Journal not yet read by the log store.", func() float64 { return float64(a.follower.Lag()) })
	a.metrics.Gauge("portico_database_up", "1 while the control plane's database can be reached.", a.databaseUp)
	a.metrics.Gauge("portico_directory_age_seconds", "Time since keys, credentials and configs were last known to be those of the database.",
		func() float64 { return time.Since(a.service.AsOf()).Seconds() })
	a.metrics.Gauge("portico_prices_stale", "1 while the price file cannot be taken and the last good one is in force.", a.prices.stale)
	options := gateway.Options{
		Directory: a.directory, Providers: a.providers, Formats: a.formats, HTTP: a.http, Upgrades: a.http.Upgrades(),
		Journal: countingJournal{a.journal, a.metrics}, Bodies: a.bodies, Prices: &a.prices.Book, CheckHost: a.checkHost, Log: a.log,
	}
	if a.cfg.Unrecorded {
		options.Journal, options.Bodies = unrecorded{}, unrecorded{}
	}
	a.gateway = gateway.New(options)
	return nil
}

// unrecorded is a journal and a body store that forget what they are told.
type unrecorded struct{}

func (unrecorded) Reserve(ledger.Reservation) error { return nil }
func (unrecorded) Settle(*ledger.Entry) error       { return nil }
func (unrecorded) Put(string, byte, []byte, func()) (ledger.BodyRef, bool) {
	return ledger.BodyRef{}, false
}

func (a *App) openExports(context.Context) error {
	if err := os.MkdirAll(a.path(exportsDir), 0o700); err != nil {
		return fmt.Errorf("make the folder for exports: %w", err)
	}
	a.exports = export.New(export.Deps{
		Dir: a.path(exportsDir), Store: a.service, Logs: a.logs, Bodies: a.bodies, CatchUp: a.follower.CatchUp,
		Plan: logs.PlanOf, Values: logs.Values, Denied: func() []string { return a.directory.Logging().DeniedExportFields }, Log: a.log,
	})
	return nil
}

// A countingJournal lets the metrics see each entry as it is recorded.
type countingJournal struct {
	*ledger.Journal
	metrics *telemetry.Metrics
}

func (j countingJournal) Settle(e *ledger.Entry) error {
	err := j.Journal.Settle(e)
	if err != nil {
		e = e.Withheld()
	}
	j.metrics.Observe(e)
	return err
}

// Run serves until ctx ends, then drains: it says no on /readyz, goes on serving
// for the drain delay, lets requests finish for the drain timeout, ends the rest
// with an error, and closes everything.
func (a *App) Run(ctx context.Context) error {
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	followed := make(chan error, 1)
	go func() { followed <- a.follower.Run(following) }()
	sent := make(chan struct{})
	go func() { defer close(sent); a.export(following) }()
	failed := make(chan error, 2)
	go func() { failed <- a.server.Serve(a.listener) }()
	if a.metricsListener != nil {
		go func() { failed <- a.serveMetrics() }()
	}
	go a.service.Follow(following, time.Second)
	retained := make(chan struct{})
	go func() { defer close(retained); a.retain(following) }()
	exporting, stopExporting := context.WithCancel(following)
	exported := make(chan struct{})
	go func() { defer close(exported); a.exports.Run(exporting) }()
	go a.prices.follow(following, pricesEvery)
	a.banner()
	if a.cfg.Demo && a.first.Fresh {
		go a.fillDemo(following)
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = a.drain()
	}
	stopExporting()
	<-exported
	catchUp, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = a.follower.CatchUp(catchUp)
	if a.exporting != nil {
		_ = a.exporting.CatchUp(catchUp) // what is not sent now is sent after the next start
	}
	stopFollowing()
	<-followed
	<-sent
	<-retained
	return errors.Join(err, a.Close())
}

// export feeds the collector, if there is one, until ctx ends.
func (a *App) export(ctx context.Context) {
	if a.exporting == nil {
		return
	}
	_ = a.exporting.Run(ctx) // ctx's error
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := a.exporter.Close(last); err != nil {
		a.log.Warn("the last metrics were not sent to the collector", "error", err)
	}
}

func (a *App) drain() error {
	a.health.drain()
	a.log.Info("draining", "delay", a.cfg.DrainDelay, "timeout", a.cfg.DrainTimeout)
	time.Sleep(a.cfg.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.DrainTimeout)
	defer cancel()
	if err := a.finish(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	a.endRequests(&ai.Error{Kind: ai.Unavailable, Type: "shutting_down", Message: "The gateway is shutting down"})
	last, cancelLast := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancelLast()
	if a.finish(last) != nil {
		return a.server.Close()
	}
	return nil
}

// finish waits for requests and for sessions, which are no longer the server's,
// until all have ended or ctx does.
func (a *App) finish(ctx context.Context) error {
	if err := a.server.Shutdown(ctx); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { a.sessions.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close releases everything that New has opened, in reverse order.
func (a *App) Close() error {
	a.closeOnce.Do(func() {
		var errs []error
		add := func(open bool, close func() error) {
			if open {
				errs = append(errs, close())
			}
		}
		add(a.server != nil, func() error { return a.server.Close() })
		add(a.listener != nil, ignoreClosed(a.listener))
		add(a.metricsListener != nil, ignoreClosed(a.metricsListener))
		add(a.bodies != nil, func() error { return a.bodies.Close() })
		add(a.blobs != nil, func() error { return closeObjects(a.blobs) })
		add(a.journal != nil, func() error { return a.journal.Close() })
		add(a.logs != nil, func() error { return a.logs.Close() })
		add(a.db != nil, func() error { return a.db.Close() })
		add(a.lock != nil, func() error { return a.lock.release() })
		a.closeErr = errors.Join(errs...)
	})
	return a.closeErr
}

func ignoreClosed(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}
