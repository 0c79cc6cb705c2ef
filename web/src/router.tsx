import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { sessionQuery } from "./api/queries.ts";
import { ApiKeysPage } from "./pages/apikeys/page.tsx";
import { InvitePage } from "./pages/auth/invite.tsx";
import { LoginPage } from "./pages/auth/login.tsx";
import { SetupPage } from "./pages/auth/setup.tsx";
import { ConfigsPage } from "./pages/configs/page.tsx";
import { readFeedbackSearch } from "./pages/feedback/search.ts";
import { LogPage } from "./pages/log/page.tsx";
import { readAnalyticsSearch } from "./pages/analytics/search.ts";
import { readSearch } from "./pages/logs/filters.ts";
import { LogsPage } from "./pages/logs/page.tsx";
import { readOverviewSearch } from "./pages/overview/search.ts";
import { VirtualKeysPage } from "./pages/virtualkeys/page.tsx";
import { Shell } from "./shell/shell.tsx";
import { NotFound, PageError } from "./shell/fallback.tsx";

/** Makes a reader of the named search parameters that leaves out all others. */
const only =
  <K extends string>(...names: K[]) =>
  (params: Record<string, unknown>): Partial<Record<K, string>> => {
    const out: Partial<Record<K, string>> = {};
    for (const name of names) {
      const value = params[name];
      if (typeof value === "string" && value !== "") out[name] = value;
    }
    return out;
  };

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: PageError,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: only("token"),
  component: SetupPage,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: only("next"),
  component: LoginPage,
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  validateSearch: only("token"),
  component: InvitePage,
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (session.state === "setup") throw redirect({ to: "/setup", search: {} });
    if (session.state === "signed_out") throw redirect({ to: "/login", search: { next: location.href } });
  },
});

const index = createRoute({
  getParentRoute: () => shell,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/overview", search: {} });
  },
});

// Graphs are drawn by code that other pages do without.
const overview = createRoute({
  getParentRoute: () => shell,
  path: "/overview",
  validateSearch: readOverviewSearch,
  component: lazyRouteComponent(() => import("./pages/overview/page.tsx"), "OverviewPage"),
});

const analytics = createRoute({
  getParentRoute: () => shell,
  path: "/analytics",
  validateSearch: readAnalyticsSearch,
  component: lazyRouteComponent(() => import("./pages/analytics/page.tsx"), "AnalyticsPage"),
});

const logs = createRoute({ getParentRoute: () => shell, path: "/logs", validateSearch: readSearch, component: LogsPage });

// What compares or edits text brings the editor, which is most of the code there is.
const compareLogs = createRoute({
  getParentRoute: () => shell,
  path: "/logs/compare",
  validateSearch: only("a", "b"),
  component: lazyRouteComponent(() => import("./pages/compare/page.tsx"), "ComparePage"),
});

const traces = createRoute({
  getParentRoute: () => shell,
  path: "/traces",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./pages/traces/page.tsx"), "TracesPage"),
});

const trace = createRoute({
  getParentRoute: () => shell,
  path: "/traces/$id",
  validateSearch: only("tab", "log", "part"),
  component: lazyRouteComponent(() => import("./pages/trace/page.tsx"), "TracePage"),
});

const feedback = createRoute({
  getParentRoute: () => shell,
  path: "/feedback",
  validateSearch: readFeedbackSearch,
  component: lazyRouteComponent(() => import("./pages/feedback/page.tsx"), "FeedbackPage"),
});

const exports = createRoute({
  getParentRoute: () => shell,
  path: "/exports",
  validateSearch: (params: Record<string, unknown>) => ({ ...readSearch(params), ...only("new")(params) }),
  component: lazyRouteComponent(() => import("./pages/exports/page.tsx"), "ExportsPage"),
});

const logging = createRoute({
  getParentRoute: () => shell,
  path: "/logging",
  component: lazyRouteComponent(() => import("./pages/logging/page.tsx"), "LoggingPage"),
});

const log = createRoute({
  getParentRoute: () => shell,
  path: "/logs/$id",
  validateSearch: only("tab"),
  component: LogPage,
});

const configs = createRoute({
  getParentRoute: () => shell,
  path: "/configs",
  validateSearch: only("q"),
  component: ConfigsPage,
});

// The editor is most of the code there is, and few visits need it.
const newConfig = createRoute({
  getParentRoute: () => shell,
  path: "/configs/new",
  component: lazyRouteComponent(() => import("./pages/configs/new.tsx"), "NewConfigPage"),
});

const config = createRoute({
  getParentRoute: () => shell,
  path: "/configs/$slug",
  validateSearch: only("tab", "version", "diff"),
  component: lazyRouteComponent(() => import("./pages/configs/edit.tsx"), "ConfigPage"),
});

const virtualKeys = createRoute({
  getParentRoute: () => shell,
  path: "/virtual-keys",
  validateSearch: only("q", "new", "edit"),
  component: VirtualKeysPage,
});

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: "/api-keys",
  validateSearch: only("q", "new", "edit"),
  component: ApiKeysPage,
});

const routeTree = root.addChildren([
  setup,
  login,
  invite,
  shell.addChildren([index, overview, analytics, logs, compareLogs, log, traces, trace, feedback, exports, logging, configs, newConfig, config, virtualKeys, apiKeys]),
]);

export const makeRouter = (client: QueryClient) =>
  createRouter({
    routeTree,
    basepath: "/console",
    context: { client },
    defaultPreload: "intent",
    scrollRestoration: true,
    // Addresses are read and typed by people: plain parameters, no JSON.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const set = Object.entries(search).filter((e): e is [string, string] => typeof e[1] === "string" && e[1] !== "");
      const text = new URLSearchParams(set).toString();
      return text && "?" + text;
    },
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
