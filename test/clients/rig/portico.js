// The server under test: where it is, its keys, and its log.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are started by test/clients/run`);
  return value;
}

export const origin = required("PORTICO_URL");
export const baseURL = `${origin}/v1`;
export const adminKey = required("ADMIN_KEY");
export const workspaceKey = required("WORKSPACE_KEY");

/** Sends a bare HTTP request and returns its status, headers and parsed body. */
export async function call(method, path, { key = workspaceKey, body, headers = {} } = {}) {
  const response = await fetch(baseURL + path, {
    method,
    headers: { "content-type": "application/json", "x-portkey-api-key": key, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
}

/** Makes a virtual key for each of the providers and gives their slugs. */
export async function virtualKeys(prefix, ...providers) {
  const slugs = {};
  for (const provider of providers) {
    const { status, body } = await call("POST", "/virtual-keys", { key: adminKey, body: { name: `${prefix} ${provider}`, provider, key: `sk-${prefix}-${provider}` } });
    assert.ok(status < 300, JSON.stringify(body));
    slugs[provider] = body.slug;
  }
  return slugs;
}

let owner;

/**
 * The owner of the organisation, made with the one-time link of the first start
 * by whichever test file asks first.
 */
export function ownerOf() {
  owner ??= makeOwner();
  return owner;
}

async function makeOwner() {
  const made = await call("POST", "/console/setup", {
    body: { token: required("SETUP_TOKEN"), name: "Ada", email: "ada@example.com", password: "a long enough password" },
  });
  if (made.status === 201) return made.body.user;
  const { status, body } = await call("GET", "/admin/users?role=owner", { key: adminKey });
  assert.equal(status, 200, JSON.stringify([made, body]));
  return body.data[0];
}

async function page(query) {
  const { status, body } = await call("GET", `/logs?${query}`);
  assert.equal(status, 200, `GET /v1/logs: ${JSON.stringify(body)}`);
  return body;
}

/**
 * Lists the rows of the log that a filter finds, all pages of them. Rows are
 * there a moment after the reply, so it waits until there are `want`.
 */
export async function logs(filter, want = 1) {
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    const query = new URLSearchParams({ page_size: "500", ...filter });
    const first = await page(query);
    if (first.total < want && Date.now() < deadline) continue;
    const rows = [...first.data];
    for (let next = first.next; next; ) {
      query.set("after", next);
      const more = await page(query);
      rows.push(...more.data);
      next = more.next;
    }
    assert.ok(rows.length >= want, `${rows.length} rows in the log for ${JSON.stringify(filter)}, want ${want}`);
    return rows;
  }
}

/** The one row of a trace. */
export async function logOf(traceID) {
  const rows = await logs({ trace_id: traceID });
  assert.equal(rows.length, 1, `rows of trace ${traceID}`);
  return rows[0];
}

/** One entry of the log in full, by the id that a reply's headers gave. */
export async function logDetail(id) {
  for (const deadline = Date.now() + 10_000; ; await sleep(50)) {
    const { status, body } = await call("GET", `/logs/${id}`);
    if (status === 404 && Date.now() < deadline) continue;
    assert.equal(status, 200, `GET /v1/logs/${id}: ${JSON.stringify(body)}`);
    return body;
  }
}

let traces = 0;

/** A trace id that no other request of this run has. */
export const newTrace = (what) => `${what}-${process.pid}-${++traces}`;
