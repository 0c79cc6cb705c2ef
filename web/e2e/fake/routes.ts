import type { IncomingHttpHeaders } from "node:http";
import { randomUUID } from "node:crypto";
import type { ApiKey, ApiKeyType, Json, Provider } from "../../src/api/types.ts";
import { cacheSummary, graph, groups } from "./analytics.ts";
import { Fault, list, notFound } from "./http.ts";
import { makeLog } from "./logs.ts";
import { selectLogs } from "./query.ts";
import { checkConfig, configSchema } from "./schema.ts";
import { apiKey, configVersion, newId, slugOf, virtualKey, type Store } from "./store.ts";

export interface Call {
  store: Store;
  params: string[];
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

type Handler = (call: Call) => unknown;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function required(body: Record<string, unknown>, name: string): string {
  const value = text(body[name]).trim();
  if (value === "") throw new Fault(400, "AB01", `${name} is required.`, name);
  return value;
}

const key = { name: "api_key", header: "", label: "API key", secret: true, required: true, help: "" };
const field = (name: string, label: string, help: string, required = true) => ({ name, header: `x-portkey-${name.replaceAll("_", "-")}`, label, secret: false, required, help });
const provider = (id: string, name: string, fields = [key]): Provider => ({ id, name, docs: "", base_url: `https://api.example.com/${id}`, fields, operations: ["chatComplete"] });

const providers: Provider[] = [
  provider("anthropic", "Anthropic"),
  provider("azure-openai", "Azure OpenAI", [
    key,
    field("resource_name", "Resource name", "The part before .openai.azure.com"),
    field("deployment_id", "Deployment", "Name of the deployment"),
    field("api_version", "API version", "As 2024-10-21", false),
  ]),
  provider("google", "Google Gemini"),
  provider("groq", "Groq"),
  provider("mistral-ai", "Mistral AI"),
  provider("mock", "Mock", []),
  provider("openai", "OpenAI", [key, field("openai_organization", "Organisation", "Sent as OpenAI-Organization", false)]),
];

function findConfig({ store, params }: Call) {
  const found = store.configs.find((c) => c.versions[0]?.slug === params[0] || c.versions[0]?.id === params[0]);
  if (!found) throw notFound(`config ${params[0]}`);
  return found;
}

function checked(body: Record<string, unknown>): string {
  const problems = checkConfig(body["config"] as Json);
  if (problems.length > 0) throw new Fault(400, "AB01", "The config is not valid.", problems[0]!.path, problems);
  return JSON.stringify(body["config"]);
}

function findVirtualKey({ store, params }: Call) {
  const found = store.virtualKeys.find((k) => k.slug === params[0] || k.id === params[0]);
  if (!found) throw notFound(`virtual key ${params[0]}`);
  return found;
}

function findApiKey({ store, params }: Call): ApiKey {
  const found = store.apiKeys.find((k) => k.id === params[0]);
  if (!found) throw notFound(`API key ${params[0]}`);
  return found;
}

const mask = (secret: string): string => secret.slice(0, 2) + "*****" + secret.slice(-3);

const configRoutes: Record<string, Handler> = {
  "GET /configs": ({ store }) => list(store.configs.map((c) => ({ ...c.versions[0]!, config: undefined }))),
  "GET /configs/schema": () => configSchema,
  "POST /configs/check": ({ body }) => {
    const problems = checkConfig(body["config"] as Json);
    return { valid: problems.length === 0, problems };
  },
  "POST /configs": ({ store, body }) => {
    const name = required(body, "name");
    const version = configVersion(name, slugOf("pc", name), newId(), checked(body), newId(), 1, Date.now());
    store.configs.unshift({ versions: [version] });
    return { success: true, ...version, data: { id: version.id, slug: version.slug, version_id: version.version_id } };
  },
  "GET /configs/:id": (call) => {
    const current = findConfig(call).versions[0]!;
    return { success: true, ...current, data: { ...current, config: JSON.parse(current.config) as Json } };
  },
  "GET /configs/:id/versions": (call) => list(findConfig(call).versions),
  "PUT /configs/:id": (call) => {
    const found = findConfig(call);
    const old = found.versions[0]!;
    const config = call.body["config"] === undefined ? old.config : checked(call.body);
    const next = configVersion(text(call.body["name"]) || old.name, old.slug, old.id, config, newId(), found.versions.length + 1, Date.now());
    const is_default = call.body["isDefault"] === undefined ? old.is_default : call.body["isDefault"] ? 1 : 0;
    if (config === old.config) Object.assign(old, { name: next.name, is_default });
    else found.versions.unshift({ ...next, created_at: old.created_at, is_default });
    const { version_id } = found.versions[0]!;
    return { success: true, version_id, data: { version_id } };
  },
  "DELETE /configs/:id": (call) => {
    const found = findConfig(call);
    call.store.configs = call.store.configs.filter((c) => c !== found);
    return {};
  },
};

const virtualKeyRoutes: Record<string, Handler> = {
  "GET /virtual-keys": ({ store }) => list(store.virtualKeys),
  "POST /virtual-keys": ({ store, body }) => {
    const name = required(body, "name");
    const id = required(body, "provider");
    const fields = providers.find((p) => p.id === id)?.fields ?? [];
    for (const f of fields) if (f.required) required(body, f.secret ? "key" : f.name);
    const slug = text(body["slug"]) || slugOf("vk", name);
    if (store.virtualKeys.some((k) => k.slug === slug)) throw new Fault(409, "AB07", `A virtual key with the slug ${slug} exists already.`, "slug");
    const model_config = Object.fromEntries(fields.filter((f) => !f.secret && body[f.name]).map((f) => [f.name, text(body[f.name])]));
    const made = virtualKey({ slug, name, provider: id, masked_api_key: mask(text(body["key"])), note: text(body["note"]) || null, model_config });
    store.virtualKeys.unshift(made);
    return { success: true, id: made.id, slug, object: "virtual-key", data: { id: made.id, slug, object: "virtual-key" } };
  },
  "GET /virtual-keys/:id": (call) => findVirtualKey(call),
  "PUT /virtual-keys/:id": (call) => {
    const found = findVirtualKey(call);
    const { name, note, key: secret } = call.body;
    Object.assign(found, name === undefined ? {} : { name: required(call.body, "name") }, note === undefined ? {} : { note });
    if (secret) found.masked_api_key = mask(text(secret));
    for (const f of providers.find((p) => p.id === found.provider)?.fields ?? []) {
      if (!f.secret && call.body[f.name] !== undefined) found.model_config = { ...found.model_config, [f.name]: text(call.body[f.name]) };
    }
    return {};
  },
  "DELETE /virtual-keys/:id": (call) => {
    const found = findVirtualKey(call);
    call.store.virtualKeys = call.store.virtualKeys.filter((k) => k !== found);
    return {};
  },
};

const apiKeyRoutes: Record<string, Handler> = {
  "GET /api-keys": ({ store }) => list(store.apiKeys),
  "POST /api-keys/:id/rotate": (call) => {
    const found = findApiKey(call);
    const secret = "pk_" + randomUUID().replaceAll("-", "");
    const key_transition_expires_at = new Date(Date.now() + 1_800_000).toISOString();
    Object.assign(found, { key: mask(secret), key_transition_expires_at });
    return { id: found.id, key: secret, key_transition_expires_at, object: "api-key" };
  },
  "POST /api-keys/:type/:sub": ({ store, params, body }) => {
    const secret = "pk_" + randomUUID().replaceAll("-", "");
    const made = apiKey({
      key: mask(secret),
      name: required(body, "name"),
      description: text(body["description"]) || null,
      type: `${params[0]}-${params[1]}` as ApiKeyType,
      expires_at: text(body["expires_at"]) || null,
      scopes: (body["scopes"] as string[] | undefined) ?? [],
      ...(body["defaults"] ? { defaults: body["defaults"] as ApiKey["defaults"] } : {}),
    });
    if (made.scopes.length === 0) throw new Fault(400, "AB01", "scopes must name at least one scope.", "scopes");
    store.apiKeys.unshift(made);
    return { id: made.id, key: secret, object: "api-key" };
  },
  "GET /api-keys/:id": (call) => findApiKey(call),
  "PUT /api-keys/:id": (call) => {
    const found = findApiKey(call);
    for (const name of ["name", "description", "scopes", "expires_at", "defaults"]) {
      if (call.body[name] !== undefined) Object.assign(found, { [name]: call.body[name] });
    }
    return {};
  },
  "DELETE /api-keys/:id": (call) => {
    const found = findApiKey(call);
    call.store.apiKeys = call.store.apiKeys.filter((k) => k !== found);
    return {};
  },
};

const logRoutes: Record<string, Handler> = {
  "GET /logs": ({ store, query }) => selectLogs(store.logs, query),
  "GET /logs/:id": ({ store, params }) => {
    const found = store.logs.find((l) => l._id === params[0]);
    if (!found) throw notFound(`log ${params[0]}`);
    return found;
  },
};

const analyticsRoutes: Record<string, Handler> = {
  "GET /analytics/graphs/:a": ({ store, params, query }) => graph(store.logs, params[0]!, query) ?? refuse(params[0]),
  "GET /analytics/graphs/:a/:b": ({ store, params, query }) => graph(store.logs, params.join("/"), query) ?? refuse(params.join("/")),
  "GET /analytics/summary/cache": ({ store, query }) => cacheSummary(store.logs, query),
  "GET /analytics/groups/:by": ({ store, params, query }) => groups(store.logs, params[0]!, undefined, query) ?? refuse(params[0]),
  "GET /analytics/groups/metadata/:key": ({ store, params, query }) => groups(store.logs, "", params[0], query),
};

function refuse(what: string | undefined): never {
  throw notFound(`graph or group ${what}`);
}

// What a client of the data plane asks; it is logged as a real request would be.
const inference: Record<string, Handler> = {
  "POST /chat/completions": ({ store, headers, body }) => {
    const log = makeLog("plain", Date.now());
    Object.assign(log.metrics, { trace_id: headers["x-portkey-trace-id"] ?? log.metrics.trace_id, ai_org: "mock", ai_model: text(body["model"]), request_model: text(body["model"]) });
    log.metrics.metadata = JSON.parse(text(headers["x-portkey-metadata"]) || "{}") as Record<string, string>;
    log.metrics.user = log.metrics.metadata["_user"] ?? "";
    log.request.body = body as Json;
    if (headers["x-portkey-config"]) log.request.portkeyHeaders["x-portkey-config"] = text(headers["x-portkey-config"]);
    store.logs.unshift(log);
    return log.response.body;
  },
};

/** Every route below /v1 but sign-in and set-up. */
export const routes: Record<string, Handler> = {
  "GET /console/providers": () => list(providers),
  ...configRoutes,
  ...virtualKeyRoutes,
  ...apiKeyRoutes,
  ...logRoutes,
  ...analyticsRoutes,
  ...inference,
};
