// The shapes of the HTTP API that the console uses. Field names are the wire's.

/** A JSON value of unknown shape, such as a body that a client sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface List<T> {
  object: "list";
  total: number;
  data: T[];
}

export interface User {
  id: string;
  email: string;
  name: string;
  role: string;
}

export interface Session {
  state: "setup" | "signed_out" | "signed_in";
  user?: User;
  organisation?: { id: string; name: string };
  workspace?: { id: string; slug: string; name: string };
  demo: boolean;
  version: string;
}

export interface ProviderField {
  name: string;
  header: string;
  label: string;
  secret: boolean;
  required: boolean;
  help: string;
}

export interface Provider {
  id: string;
  name: string;
  docs: string;
  base_url: string;
  fields: ProviderField[];
  operations: string[];
}

/** One fault at one place of what was sent; path is as in "config.targets[0].weight". */
export interface Problem {
  path: string;
  message: string;
}

export interface ConfigItem {
  id: string;
  name: string;
  slug: string;
  workspace_id: string;
  organisation_id: string;
  is_default: 0 | 1;
  status: string;
  owner_id: string;
  updated_by: string | null;
  created_at: string;
  last_updated_at: string;
  object: "config";
}

export interface Config extends ConfigItem {
  /** The routing config as JSON text. */
  config: string;
  format: "json";
  type: string;
  version_id: string;
}

export interface ConfigCheck {
  valid: boolean;
  problems: Problem[];
}

export interface VirtualKey {
  id: string;
  slug: string;
  name: string;
  note: string | null;
  status: string;
  provider: string;
  model_config: JsonObject | null;
  created_at: string;
  expires_at: string | null;
  object: "virtual-key";
}

export interface VirtualKeyDetail extends Omit<VirtualKey, "provider"> {
  ai_provider_name: string;
  provider?: string;
  key: "";
  masked_api_key: string;
}

export type ApiKeyType = "organisation-service" | "workspace-service" | "workspace-user";

export interface ApiKey {
  id: string;
  key: string;
  name: string;
  description: string | null;
  type: ApiKeyType;
  organisation_id: string;
  workspace_id: string | null;
  user_id: string | null;
  status: string;
  created_at: string;
  last_updated_at: string;
  expires_at: string | null;
  scopes: string[];
  defaults: { metadata?: Record<string, string> | null; config_id?: string | null; allow_config_override?: boolean } | null;
  object: "api-key";
}

/** The only answer that carries an API key in clear. */
export interface NewApiKey {
  id: string;
  key: string;
  key_transition_expires_at?: string;
}

export type LogState = "success" | "error" | "refused" | "truncated" | "client_gone" | "interrupted";

export interface ErrorInfo {
  message: string;
  type?: string | null;
  code?: string | null;
}

/** One request, as a row of the log. */
export interface LogRow {
  id: string;
  trace_id: string;
  span_id: string;
  created_at: string;
  status: LogState;
  response_status_code: number;
  is_success: boolean;
  op: string;
  method: string;
  path: string;
  stream_mode: boolean;
  ai_org: string;
  ai_model: string;
  request_model: string;
  virtual_key: string;
  config: string;
  config_id: string;
  config_version_id: string;
  api_key_id: string;
  /** Strategies passed through, outermost first: "loadbalance,fallback". */
  mode: string;
  fallback: boolean;
  /** Retries made; -1 when they were exhausted. */
  retry_success_count: number;
  last_used_option_index: string;
  cache_status: string;
  req_units: number;
  res_units: number;
  total_units: number;
  cached_units: number;
  reasoning_units: number;
  usage_estimated: boolean;
  /** In US cents; null when the price is unknown. */
  cost: number | null;
  /** In nano-dollars; null when the price is unknown. */
  cost_nano: number | null;
  cost_currency: string;
  /** Milliseconds. */
  response_time: number;
  /** Milliseconds; null when nothing was streamed. */
  time_to_first_token: number | null;
  user: string;
  metadata: Record<string, string>;
  error: ErrorInfo | null;
  object: "log";
}

export interface LogPage extends List<LogRow> {
  /** Cursor of the next page; empty on the last one. */
  next: string;
}

/** One call of one provider. Times are milliseconds after the request's start. */
export interface Attempt {
  step: string;
  retry: number;
  provider: string;
  model: string;
  virtual_key: string;
  url: string;
  status: number;
  error: ErrorInfo | null;
  start_ms: number;
  head_ms: number;
  total_ms: number;
  wait_ms: number;
  body?: Json;
}

/** One choice that routing made at a node of the config. */
export interface Decision {
  path: string;
  mode: string;
  chosen: number;
  reason: string;
}

/** Something that the provider's wire format could not carry. */
export interface Receipt {
  path: string;
  reason: string;
}

export interface LogDetail {
  _id: string;
  request: {
    url: string;
    method: string;
    headers: Record<string, string> | null;
    body: Json;
    portkeyHeaders: Record<string, string> | null;
  };
  response: {
    status: number;
    headers: Record<string, string> | null;
    body: Json;
    responseTime: number;
    lastUsedOptionJsonPath: string;
  };
  organisation_id: string;
  created_at: string;
  metrics: LogRow;
  finalUntransformedRequest: { body: Json } | null;
  transformedRequest: { body: Json } | null;
  originalResponse: { body: Json } | null;
  attempts: Attempt[] | null;
  decisions: Decision[] | null;
  receipts: Receipt[] | null;
  bodies_lost: boolean;
}
