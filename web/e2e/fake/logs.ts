import type { Attempt, CostReceipt, Decision, Json, LogDetail, LogRow, Receipt } from "../../src/api/types.ts";
import * as bodies from "./bodies.ts";
import { hex, seeded } from "./random.ts";

const random = seeded(7);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

type Extras = { attempts: Attempt[]; decisions: Decision[]; request: Json; reply: Json; receipts: Receipt[]; original?: Json; sent?: Json };

const users = ["ada@example.com", "grace@example.com", "batch-nightly", "", "support-bot"];
const models: [provider: string, model: string, inPrice: number, outPrice: number][] = [
  ["openai", "gpt-4o-mini", 150, 600],
  ["openai", "gpt-4.1", 2000, 8000],
  ["anthropic", "claude-sonnet-4-5", 3000, 15_000],
  ["google", "gemini-2.5-flash", 300, 2500],
  ["mistral-ai", "mistral-large-latest", 2000, 6000],
  ["groq", "llama-3.3-70b-versatile", 590, 790],
];

let serial = 0;

/** A plain successful chat; the kinds below start from it. */
function base(at: number): { row: LogRow; extras: Extras } {
  const [provider, model, inPrice, outPrice] = pick(models);
  const input = 80 + Math.floor(random() * 2400);
  const output = 20 + Math.floor(random() * 600);
  const nano = input * inPrice + output * outPrice;
  const latency = 300 + Math.floor(random() * 2600);
  serial += 1;
  const row: LogRow = {
    id: `01K${String(serial).padStart(4, "0")}${hex(random, 12)}`,
    trace_id: hex(random, 32),
    span_id: hex(random, 16),
    parent_span_id: "",
    span_name: "",
    created_at: new Date(at).toISOString(),
    status: "success",
    response_status_code: 200,
    is_success: true,
    op: "chatComplete",
    method: "POST",
    path: "/v1/chat/completions",
    stream_mode: false,
    ai_org: provider,
    ai_model: model,
    request_model: model,
    virtual_key: `${provider}-main`,
    config: "",
    config_id: "",
    config_version_id: "",
    api_key_id: "3f1c9a52-7b1e-4d0e-9d4c-0a6f8d2b7e11",
    mode: "single",
    fallback: false,
    retry_success_count: 0,
    last_used_option_index: "config",
    cache_status: "DISABLED",
    req_units: input,
    res_units: output,
    total_units: input + output,
    cached_units: 0,
    reasoning_units: 0,
    usage_estimated: false,
    cost: nano / 1e7,
    cost_nano: nano,
    cost_currency: "USD",
    response_time: latency,
    time_to_first_token: null,
    user: pick(users),
    metadata: { _environment: pick(["production", "staging"]), team: pick(["search", "support", "billing"]) },
    feedback_count: 0,
    avg_weighted_feedback: null,
    source: "gateway",
    error: null,
    object: "log",
  };
  const extras: Extras = {
    attempts: [attempt(row, "config", 200, 0, latency - 12)],
    decisions: [],
    request: bodies.chatRequest(model, false),
    reply: bodies.chatReply(model),
    receipts: [],
  };
  return { row, extras };
}

function attempt(row: LogRow, step: string, status: number, start: number, total: number, more: Partial<Attempt> = {}): Attempt {
  return {
    step,
    retry: 0,
    provider: row.ai_org,
    model: row.ai_model,
    virtual_key: row.virtual_key,
    url: `https://api.example.com/${row.ai_org}/v1/chat/completions`,
    status,
    error: status === 200 ? null : { message: "The service is overloaded. Try again later.", type: "overloaded_error", code: "overloaded" },
    start_ms: start,
    head_ms: Math.round(total * 0.7),
    total_ms: total,
    wait_ms: 0,
    ...more,
  };
}

type Kind = (log: ReturnType<typeof base>) => void;

const noCost = { cost: 0, cost_nano: 0, req_units: 0, res_units: 0, total_units: 0 };

/** The kinds of request that a log can hold. */
export const kinds: Record<string, Kind> = {
  plain: () => {},

  stream: ({ row, extras }) => {
    Object.assign(row, { stream_mode: true, time_to_first_token: 180 + Math.floor(random() * 400) });
    extras.request = bodies.chatRequest(row.ai_model, true);
    extras.reply = bodies.chatStream(row.ai_model);
  },

  tools: ({ row, extras }) => {
    const model = "claude-sonnet-4-5";
    Object.assign(row, { op: "chatComplete", path: "/v1/messages", stream_mode: true, time_to_first_token: 612, ai_org: "anthropic", ai_model: model, request_model: model, virtual_key: "anthropic-main" });
    Object.assign(row, { req_units: 1840, res_units: 148, total_units: 1988, cached_units: 1200, cost_nano: 4_500_000, cost: 0.45, reasoning_units: 41, response_time: 2910 });
    extras.attempts = [attempt(row, "config", 200, 4, 2890)];
    extras.request = bodies.toolRequest(model);
    extras.reply = bodies.toolStream(model);
  },

  rescued: ({ row, extras }) => {
    Object.assign(row, { config: "pc-resili-4be1c0", config_id: "c-1", config_version_id: "v-12", mode: "loadbalance,fallback", fallback: true });
    Object.assign(row, { last_used_option_index: "config.targets[0].targets[1]", ai_org: "anthropic", ai_model: "claude-sonnet-4-5", request_model: "gpt-4.1", virtual_key: "anthropic-main", response_time: 3640 });
    const first = { provider: "openai", model: "gpt-4.1", virtual_key: "openai-main" };
    const path = "config.targets[0]";
    const overloaded: Json = { error: { message: "The service is overloaded. Try again later.", type: "overloaded_error", code: "overloaded" } };
    extras.attempts = [
      attempt(row, `${path}.targets[0]`, 503, 6, 420, { ...first, body: overloaded }),
      attempt(row, `${path}.targets[0]`, 503, 940, 380, { ...first, retry: 1, wait_ms: 514, body: overloaded }),
      attempt(row, `${path}.targets[1]`, 200, 1324, 2300),
    ];
    extras.decisions = [
      { path: "config", mode: "loadbalance", chosen: 0, reason: "weight 0.7 of 1" },
      { path, mode: "fallback", chosen: 0, reason: "first target" },
      { path, mode: "fallback", chosen: 1, reason: `${path}.targets[0] answered 503` },
    ];
    extras.receipts = [
      { path: "logit_bias", reason: "Anthropic messages have no token biases" },
      { path: "n", reason: "Anthropic messages give one choice" },
    ];
    extras.sent = { model: "claude-sonnet-4-5", max_tokens: 600, system: "You are a careful on-call assistant.", messages: [{ role: "user", content: bodies.question }] };
    extras.original = { id: "msg_02", type: "message", role: "assistant", content: [{ type: "text", text: bodies.answer }], stop_reason: "end_turn", usage: { input_tokens: 412, output_tokens: 96 } };
  },

  retried: ({ row, extras }) => {
    Object.assign(row, { retry_success_count: 2, response_time: 2870 });
    extras.attempts = [
      attempt(row, "config", 429, 3, 90, { error: { message: "Rate limit reached for requests", type: "rate_limit_error", code: "rate_limit_exceeded" } }),
      attempt(row, "config", 429, 600, 88, { retry: 1, wait_ms: 507, error: { message: "Rate limit reached for requests", type: "rate_limit_error", code: "rate_limit_exceeded" } }),
      attempt(row, "config", 200, 1700, 1150, { retry: 2, wait_ms: 1012 }),
    ];
  },

  cached: ({ row, extras }) => {
    Object.assign(row, { cache_status: random() < 0.3 ? "SEMANTIC HIT" : "HIT", cost: 0, cost_nano: 0, response_time: 4 });
    extras.attempts = [];
  },

  failed: ({ row, extras }) => {
    const error = { message: "The service is overloaded. Try again later.", type: "overloaded_error", code: "overloaded" };
    Object.assign(row, { ...noCost, status: "error", response_status_code: 503, is_success: false, error, retry_success_count: -1 });
    extras.reply = { error: { ...error, param: null }, provider: row.ai_org };
    extras.attempts = [attempt(row, "config", 503, 3, 300), attempt(row, "config", 503, 820, 310, { retry: 1, wait_ms: 517 })];
  },

  refused: ({ row, extras }) => {
    const error = { message: "The key's rate limit of 60 requests a minute is used up.", type: "rate_limit_error", code: "rate_limit_exceeded" };
    Object.assign(row, { ...noCost, status: "refused", response_status_code: 429, is_success: false, error, response_time: 1 });
    extras.reply = { error: { ...error, param: null } };
    extras.attempts = [];
  },

  truncated: ({ row, extras }) => {
    const error = { message: "The provider's stream broke off.", type: "upstream_error", code: "stream_truncated" };
    Object.assign(row, { status: "truncated", is_success: false, stream_mode: true, time_to_first_token: 240, usage_estimated: true, error });
    extras.request = bodies.chatRequest(row.ai_model, true);
    extras.reply = bodies.chatStream(row.ai_model, 22);
  },

  gone: ({ row, extras }) => {
    Object.assign(row, { status: "client_gone", response_status_code: 499, is_success: false, stream_mode: true, time_to_first_token: 310, usage_estimated: true });
    extras.request = bodies.chatRequest(row.ai_model, true);
    extras.reply = bodies.chatStream(row.ai_model).split("\n\n").slice(0, 30).join("\n\n");
  },

  unpriced: ({ row, extras }) => {
    Object.assign(row, { ai_org: "ollama", ai_model: "qwen3:8b", request_model: "qwen3:8b", virtual_key: "", cost: null, cost_nano: null });
    extras.request = bodies.chatRequest("qwen3:8b", false);
    extras.reply = bodies.chatReply("qwen3:8b");
    extras.attempts = [attempt(row, "config", 200, 2, row.response_time - 5)];
  },

  embed: ({ row, extras }) => {
    Object.assign(row, { op: "embed", path: "/v1/embeddings", ai_org: "openai", ai_model: "text-embedding-3-small", request_model: "text-embedding-3-small", req_units: 6, res_units: 0, total_units: 6, cost_nano: 120, cost: 0.000012, response_time: 92 });
    extras.request = bodies.embedRequest("text-embedding-3-small");
    extras.reply = bodies.embedReply("text-embedding-3-small");
    extras.attempts = [attempt(row, "config", 200, 2, 88)];
  },
};

/** Makes a log of a kind, as it would be at a time. */
export function makeLog(kind: string, at: number): LogDetail {
  const made = base(at);
  kinds[kind]!(made);
  const { row, extras } = made;
  return {
    _id: row.id,
    request: {
      url: extras.attempts.at(-1)?.url ?? "",
      method: row.method,
      headers: { "content-type": "application/json", "user-agent": "OpenAI/Python 2.8.0" },
      body: extras.request,
      portkeyHeaders: { "x-portkey-api-key": "pk****7e1", ...(row.config ? { "x-portkey-config": row.config } : {}) },
    },
    response: {
      status: row.response_status_code,
      headers: { "content-type": row.stream_mode ? "text/event-stream" : "application/json", "x-portkey-trace-id": row.trace_id },
      body: extras.reply,
      responseTime: row.response_time,
      lastUsedOptionJsonPath: row.last_used_option_index,
    },
    organisation_id: "o-1",
    created_at: row.created_at,
    metrics: row,
    finalUntransformedRequest: { body: extras.request },
    transformedRequest: extras.sent === undefined ? null : { body: extras.sent },
    originalResponse: extras.original === undefined ? null : { body: extras.original },
    attempts: extras.attempts,
    decisions: extras.decisions,
    receipts: extras.receipts,
    cost_receipt: costReceipt(row),
    feedback: [],
    bodies_lost: false,
  };
}

/** How the cost of a row came about, if it is the sum of its tokens. */
function costReceipt(row: LogRow): CostReceipt | null {
  const [, model, inPrice, outPrice] = models.find((m) => m[1] === row.ai_model) ?? [];
  if (!model || !inPrice || !outPrice) return null;
  const line = (name: string, quantity: number, nano: number) => ({ name, quantity, unit: "token", unit_price_nano: nano * 1e6, per: 1e6, cost_nano: quantity * nano });
  const lines = [line("input", row.req_units, inPrice), line("output", row.res_units, outPrice)];
  const total = lines.reduce((sum, l) => sum + l.cost_nano, 0);
  if (total !== row.cost_nano) return null;
  return {
    model, source: ["portkey-models", "litellm"], as_of: "2026-08-21", from: null, catalogue_version: "2026-08-21-9c1f6a20", repriced_at: null, tier: "standard",
    above_input_tokens: 0, tier_assumed: false, uncertain: model === "gpt-4.1", local: false, missing: "", lines, total_nano: total,
  };
}

const mix = ["plain", "plain", "stream", "stream", "plain", "rescued", "cached", "stream", "embed", "tools", "retried", "plain", "failed", "stream", "refused", "unpriced", "truncated", "gone"];

/** A day's worth of requests, newest first. */
export function history(count: number, now: number): LogDetail[] {
  return Array.from({ length: count }, (_, i) => makeLog(mix[i % mix.length]!, now - i * 37_000 - Math.floor(random() * 20_000)));
}
