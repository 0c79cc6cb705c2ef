import { useSuspenseQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowUp, Clock, Download, GitCompareArrows, Hourglass, Pause, Play, X } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { sessionQuery } from "../../api/queries.ts";
import type { LogRow } from "../../api/types.ts";
import { count, plural } from "../../lib/format.ts";
import { useTitle } from "../../shell/page.tsx";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { ErrorNotice, Warning } from "../../ui/states.tsx";
import { LogDrawer } from "../log/drawer.tsx";
import { NoLogs } from "./empty.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { isLive, noRestrictions, pickFilters, restrictionCount, type LogSearch, type Patch } from "./filters.ts";
import { RangePicker } from "./range-picker.tsx";
import { SavedFilters } from "./saved.tsx";
import { LogTable } from "./table.tsx";
import { useHold } from "./use-hold.ts";
import { useLogs } from "./use-logs.ts";
import { usePlace } from "./use-place.ts";
import { useNow, useRelativeTime } from "./use-time.ts";

const route = getRouteApi("/shell/logs");

export function LogsPage() {
  useTitle("Logs");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const paused = search.paused !== undefined;
  const { pages, rows, live, stale, total } = useLogs(search, paused);
  const hold = useHold(rows);
  const place = usePlace(hold.shown);
  const [picked, setPicked] = useState<string[]>([]);
  const [relative, setRelative] = useRelativeTime();
  const now = useNow(relative);
  const searchBox = useRef<HTMLInputElement>(null);
  const change = useCallback(
    (patch: Patch, replace = true) =>
      void navigate({ search: (old) => ({ ...old, ...patch }) as LogSearch, replace, resetScroll: false }),
    [navigate],
  );
  const open = useCallback((id: string) => change({ log: id }, false), [change]);
  const close = useCallback(() => change({ log: undefined, tab: undefined }), [change]);
  // A third one takes the place of the first.
  const pick = useCallback((id: string) => setPicked((old) => (old.includes(id) ? old.filter((p) => p !== id) : [...old, id].slice(-2))), []);
  const compare = () => picked.length === 2 && void navigate({ to: "/logs/compare", search: { a: picked[0]!, b: picked[1]! } });
  const cursor = useCursor(hold.shown, search.log, { open, close, swap: (id) => change({ log: id }), pick, compare }, searchBox);
  const waiting = hold.waiting + place.unseen;
  const showNew = () => {
    hold.release();
    place.toTop();
  };
  const empty = pages.isSuccess && !pages.isPlaceholderData && rows.length === 0;
  return (
    <div className={search.log ? "logs with-drawer" : "logs"}>
      <section className="logs-list" aria-label="Log list">
        <header className="logs-head">
          <h1>Logs</h1>
          <span className="muted num" role="status">
            {pages.isSuccess && plural(total, "request")}
          </span>
          <LiveState live={live} stale={stale} />
          <div className="actions">
            <IconButton
              icon={relative ? Hourglass : Clock}
              label={relative ? "Show clock times" : "Show relative times"}
              onClick={() => setRelative(!relative)}
            />
            {isLive(search) && (
              <Button icon={paused ? Play : Pause} onClick={() => change({ paused: paused ? undefined : "1" })}>
                {paused ? "Resume" : "Pause"}
              </Button>
            )}
            <Link className="button secondary" to="/exports" search={{ ...pickFilters(search), new: "1" }} preload={false}>
              <Download size={15} aria-hidden />
              Export
            </Link>
            <SavedFilters filters={search} onApply={change} />
            <RangePicker filters={search} onChange={change} />
          </div>
        </header>
        <FilterBar filters={search} rows={rows} searchBox={searchBox} onChange={change} />
        {pages.isError && <ErrorNotice error={pages.error} onRetry={() => void pages.refetch()} />}
        {stale && <Warning>New requests cannot be loaded at the moment. What is shown may be out of date.</Warning>}
        {empty ? (
          <NoLogs
            session={session}
            filtered={restrictionCount(search) > 0}
            onClear={() => change(noRestrictions)}
            onAllTime={() => change({ range: "all", from: undefined, to: undefined })}
          />
        ) : (
          <div className="logs-scroll" ref={place.box} aria-busy={pages.isPlaceholderData || undefined} {...hold.handlers}>
            {waiting > 0 && (
              <Button className="unseen" small icon={ArrowUp} onClick={showNew}>
                {plural(waiting, "new request")}
              </Button>
            )}
            <LogTable
              rows={hold.shown}
              loading={pages.isPending}
              cursor={cursor}
              relative={relative}
              now={now}
              picked={picked}
              onPick={pick}
              onOpen={open}
            />
            <More shown={rows.length} total={total} has={pages.hasNextPage} busy={pages.isFetchingNextPage} onMore={() => void pages.fetchNextPage()} />
          </div>
        )}
        {picked.length > 0 && (
          <div className="pick-bar" role="status">
            <span>{picked.length === 2 ? "Two requests chosen" : "Choose a second request to compare it with"}</span>
            <Button small variant="primary" icon={GitCompareArrows} disabled={picked.length < 2} onClick={compare}>
              Compare
            </Button>
            <IconButton icon={X} label="Choose none" small onClick={() => setPicked([])} />
          </div>
        )}
      </section>
      {search.log && <LogDrawer id={search.log} tab={search.tab} onTab={(tab) => change({ tab })} onClose={close} />}
    </div>
  );
}

function LiveState({ live, stale }: { live: boolean; stale: boolean }) {
  if (!live || stale) return null;
  return (
    <span className="live">
      <span className="live-dot" aria-hidden />
      Live
    </span>
  );
}

interface CursorActions {
  open: (id: string) => void;
  close: () => void;
  swap: (id: string) => void;
  pick: (id: string) => void;
  compare: () => void;
}

// The keyboard's place in the list: j and k move it, Enter opens, Escape closes,
// x chooses for the comparison, c compares.
function useCursor(
  rows: LogRow[],
  openId: string | undefined,
  { open, close, swap, pick, compare }: CursorActions,
  searchBox: React.RefObject<HTMLInputElement | null>,
): string | undefined {
  const [own, setOwn] = useState<string>();
  const cursor = openId ?? own;
  const move = (step: number) => {
    const at = rows.findIndex((row) => row.id === cursor);
    const next = rows[at < 0 ? 0 : at + step];
    if (!next) return;
    setOwn(next.id);
    if (openId) swap(next.id);
    document.getElementById(`log-${next.id}`)?.scrollIntoView({ block: "nearest" });
  };
  useEffect(() => {
    if (openId) setOwn(openId);
  }, [openId]);
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    Enter: (e) => {
      if (!cursor || (e.target instanceof Element && e.target.closest("a, button, [role=tab]"))) return false;
      open(cursor);
      return undefined;
    },
    x: () => cursor !== undefined && pick(cursor),
    c: compare,
    Escape: () => (openId ? close() : setOwn(undefined)),
    "/": () => searchBox.current?.focus(),
  });
  return cursor;
}

interface MoreProps {
  shown: number;
  total: number;
  has: boolean;
  busy: boolean;
  onMore: () => void;
}

// Loads the next page when its button comes near the visible part.
function More({ shown, total, has, busy, onMore }: MoreProps) {
  const box = useRef<HTMLDivElement>(null);
  const more = useRef(onMore);
  useEffect(() => {
    more.current = onMore;
  });
  useEffect(() => {
    if (!has || busy || !box.current) return;
    const watch = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && more.current(), { rootMargin: "400px" });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [has, busy, shown]);
  if (!has) return null;
  return (
    <div className="more" ref={box}>
      <Button busy={busy} onClick={onMore}>
        Load more
      </Button>
      <span className="muted num">
        {count(shown)} of {count(total)}
      </span>
    </div>
  );
}
