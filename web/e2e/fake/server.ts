import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault, notFound, readJson, send, sendFault } from "./http.ts";
import { makeLog } from "./logs.ts";
import { seeded } from "./random.ts";
import { routes } from "./routes.ts";
import { newStore, type Store } from "./store.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));

// The policy that internal/console sends; the pages must live with it here too.
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export interface FakeOptions {
  /** An owner that exists already; without one the set-up page is due. */
  owner: Store["owner"];
  setupToken: string;
  /** Adds a request to the log every so often, to have something live to look at. */
  live: boolean;
}

/** An HTTP server with the API's shapes and made-up data. Not for the network: it checks next to nothing. */
export function fakeServer(options: FakeOptions): Server {
  const store = newStore(Date.now(), options.owner);
  const random = seeded(Date.now());
  if (options.live) {
    const some = ["plain", "stream", "rescued", "cached", "failed"];
    setInterval(() => store.logs.unshift(makeLog(some[Math.floor(random() * some.length)]!, Date.now())), 4000).unref();
  }
  return createServer((req, res) => {
    handle(req, res, store, options).catch((error: unknown) => {
      if (error instanceof Fault) sendFault(res, error);
      else sendFault(res, new Fault(500, "AB04", String(error)));
    });
  });
}

async function handle(req: IncomingMessage, res: ServerResponse, store: Store, options: FakeOptions): Promise<void> {
  const url = new URL(req.url ?? "/", "http://localhost");
  if (!url.pathname.startsWith("/v1/")) return serveFile(url.pathname, res);
  const path = url.pathname.slice("/v1".length);
  const body = await readJson(req);
  if (await sessionRoute(`${req.method} ${path}`, req, res, body, store, options)) return;
  if (!sessionOf(req, store) && !req.headers["x-portkey-api-key"]) throw new Fault(401, "AB05", "Sign in, or send an API key.");
  for (const [pattern, handler] of Object.entries(routes)) {
    const params = match(pattern, `${req.method} ${path}`);
    if (!params) continue;
    const answer = handler({ store, params, query: url.searchParams, headers: req.headers, body });
    // The id of a model call is that of its log.
    return send(res, 200, answer, pattern === "POST /chat/completions" ? { "x-portkey-request-id": store.logs[0]!._id } : {});
  }
  throw notFound(`route ${req.method} ${path}`);
}

function match(pattern: string, path: string): string[] | null {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return null;
  const params: string[] = [];
  for (const [i, part] of want.entries()) {
    if (part.startsWith(":")) params.push(decodeURIComponent(have[i]!));
    else if (part !== have[i]) return null;
  }
  return params;
}

const cookieOf = (req: IncomingMessage): string | undefined => /portico_session=(\w+)/.exec(req.headers.cookie ?? "")?.[1];

function sessionOf(req: IncomingMessage, store: Store): boolean {
  const cookie = cookieOf(req);
  return cookie !== undefined && store.sessions.has(cookie);
}

function describe(store: Store, signedIn: boolean): object {
  const state = signedIn ? "signed_in" : store.owner ? "signed_out" : "setup";
  const open = { state, demo: true, version: "0.0.0-fake" };
  if (!signedIn || !store.owner) return open;
  return {
    ...open,
    user: { id: "u-1", email: store.owner.email, name: store.owner.name, role: "owner" },
    organisation: { id: "o-1", name: "Acme" },
    workspace: { id: "w-1", slug: "ws-shared-e2a85b", name: "Shared workspace" },
  };
}

async function sessionRoute(route: string, req: IncomingMessage, res: ServerResponse, body: Record<string, unknown>, store: Store, options: FakeOptions): Promise<boolean> {
  const open = (status: number) => {
    const id = randomUUID().replaceAll("-", "");
    store.sessions.add(id);
    send(res, status, describe(store, true), { "set-cookie": `portico_session=${id}; Path=/; HttpOnly; SameSite=Lax` });
  };
  switch (route) {
    case "GET /console/session":
      send(res, 200, describe(store, sessionOf(req, store)));
      return true;
    case "POST /console/login":
      if (store.owner?.email !== body["email"] || store.owner?.password !== body["password"]) {
        throw new Fault(401, "AB05", "The email or the password is wrong.");
      }
      open(200);
      return true;
    case "POST /console/logout":
      store.sessions.delete(cookieOf(req) ?? "");
      send(res, 200, {}, { "set-cookie": "portico_session=; Path=/; Max-Age=0" });
      return true;
    case "POST /console/setup":
      if (store.owner || body["token"] !== options.setupToken) throw new Fault(403, "AB03", "This set-up link is wrong, used, or too old.");
      if (String(body["password"]).length < 10) throw new Fault(400, "AB01", "password must have at least 10 characters.", "password");
      store.owner = { name: String(body["name"]), email: String(body["email"]), password: String(body["password"]) };
      open(201);
      return true;
  }
  return false;
}

const types: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

async function serveFile(path: string, res: ServerResponse): Promise<void> {
  if (path === "/" || path === "/console") {
    res.writeHead(302, { location: "/console/" });
    res.end();
    return;
  }
  const name = normalize(path.replace(/^\/console\//, "")).replace(/^(\.\.\/)+/, "");
  const file = extname(name) ? name : "index.html";
  try {
    const data = await readFile(join(dist, file));
    res.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "content-security-policy": policy, "x-content-type-options": "nosniff" });
    res.end(data);
  } catch {
    res.writeHead(404, { "content-type": "text/plain" });
    res.end("Not found. Run npm run build first.");
  }
}
