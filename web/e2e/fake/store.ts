import type { ApiKey, Config, LogDetail, VirtualKey } from "../../src/api/types.ts";
import { history } from "./logs.ts";
import { hex, seeded } from "./random.ts";

const random = seeded(99);

/** A Config as it is kept: every version, newest first. */
export interface StoredConfig {
  versions: Config[];
}

/** All that the fake server knows. */
export interface Store {
  owner: { name: string; email: string; password: string } | null;
  sessions: Set<string>;
  logs: LogDetail[];
  configs: StoredConfig[];
  virtualKeys: VirtualKey[];
  apiKeys: ApiKey[];
}

export const newId = (): string => `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-9${hex(random, 3)}-${hex(random, 12)}`;
export const slugOf = (prefix: string, name: string): string =>
  `${prefix}-${name.toLowerCase().replace(/[^a-z0-9]+/g, "").slice(0, 6)}-${hex(random, 6)}`;

const day = 86_400_000;

export function newStore(now: number, owner: Store["owner"]): Store {
  const logs = history(460, now);
  return { owner, sessions: new Set(), logs, configs: sampleConfigs(now), virtualKeys: sampleVirtualKeys(now), apiKeys: sampleApiKeys(now) };
}

export function configVersion(name: string, slug: string, id: string, config: string, versionId: string, version: number, at: number): Config {
  const time = new Date(at).toISOString();
  return {
    id,
    name,
    slug,
    workspace_id: "w-1",
    organisation_id: "o-1",
    is_default: 0,
    status: "active",
    owner_id: "u-1",
    updated_by: "u-1",
    created_at: time,
    last_updated_at: time,
    object: "config",
    config,
    format: "json",
    type: "ORG_CONFIG",
    version_id: versionId,
    version,
    version_created_at: time,
  };
}

function sampleConfigs(now: number): StoredConfig[] {
  const fallback = (weight: number) => ({
    strategy: { mode: "loadbalance" },
    retry: { attempts: 2, on_status_codes: [429, 503] },
    targets: [
      {
        weight,
        strategy: { mode: "fallback", on_status_codes: [429, 500, 502, 503] },
        targets: [
          { virtual_key: "openai-main", override_params: { model: "gpt-4.1" } },
          { virtual_key: "anthropic-main", override_params: { model: "claude-sonnet-4-5" } },
        ],
      },
      { weight: Number((1 - weight).toFixed(1)), virtual_key: "groq-main", override_params: { model: "llama-3.3-70b-versatile" } },
    ],
  });
  const text = (v: unknown) => JSON.stringify(v);
  const cache = { cache: { mode: "simple", max_age: 3600 }, virtual_key: "openai-main" };
  return [
    {
      versions: [
        configVersion("Resilient chat", "pc-resili-4be1c0", "c-1", text(fallback(0.7)), "v-12", 3, now - day),
        configVersion("Resilient chat", "pc-resili-4be1c0", "c-1", text({ ...fallback(0.9), request_timeout: 20_000 }), "v-11", 2, now - 6 * day),
        configVersion("Resilient chat", "pc-resili-4be1c0", "c-1", text({ virtual_key: "openai-main" }), "v-10", 1, now - 20 * day),
      ],
    },
    { versions: [configVersion("Cached embeddings", "pc-cached-77d002", "c-2", text(cache), "v-20", 1, now - 3 * day)] },
  ];
}

/** A virtual key with what its maker says of it. */
export function virtualKey(of: Pick<VirtualKey, "slug" | "name" | "provider" | "masked_api_key"> & Partial<VirtualKey>): VirtualKey {
  const now = new Date().toISOString();
  return {
    object: "virtual-key",
    id: newId(),
    note: null,
    status: "active",
    ai_provider_name: of.provider,
    key: "",
    model_config: {},
    organisation_id: "o-1",
    workspace_id: "w-1",
    integration_id: null,
    tags: null,
    usage_limits: null,
    rate_limits: [],
    reset_usage: null,
    last_reset_at: null,
    expires_at: null,
    created_at: now,
    last_updated_at: now,
    ...of,
  };
}

function sampleVirtualKeys(now: number): VirtualKey[] {
  const key = (slug: string, name: string, provider: string, age: number, masked: string, more: Partial<VirtualKey> = {}) =>
    virtualKey({ slug, name, provider, masked_api_key: masked, created_at: new Date(now - age * day).toISOString(), ...more });
  return [
    key("openai-main", "OpenAI production", "openai", 41, "sk*****9xQ", { note: "Billed to the platform team" }),
    key("anthropic-main", "Anthropic production", "anthropic", 40, "sk*****b2A"),
    key("groq-main", "Groq", "groq", 12, "gs*****m1T"),
    key("azure-eu", "Azure (EU only)", "azure-openai", 3, "8f*****c04", { model_config: { resource_name: "contoso", deployment_id: "gpt-4o", api_version: "2024-10-21" } }),
  ];
}

/** An API key with what its maker says of it. */
export function apiKey(of: Pick<ApiKey, "name" | "type" | "scopes" | "key"> & Partial<ApiKey>): ApiKey {
  const now = new Date().toISOString();
  return {
    object: "api-key",
    id: newId(),
    description: null,
    organisation_id: "o-1",
    workspace_id: of.type === "organisation-service" ? null : "w-1",
    user_id: of.type === "workspace-user" ? "u-1" : null,
    status: "active",
    creation_mode: "ui",
    alert_emails: [],
    expiry_enforced: 0,
    usage_limits: null,
    rate_limits: [],
    reset_usage: null,
    last_reset_at: null,
    next_usage_reset_at: null,
    allow_config_override: 1,
    api_key_defaults_id: null,
    defaults: { metadata: null, config_id: null, allow_config_override: true },
    key_transition_expires_at: null,
    expires_at: null,
    created_at: now,
    last_updated_at: now,
    ...of,
  };
}

function sampleApiKeys(now: number): ApiKey[] {
  const key = (name: string, type: ApiKey["type"], scopes: string[], age: number, more: Partial<ApiKey> = {}) =>
    apiKey({ name, type, scopes, key: "pk*****" + hex(random, 3), created_at: new Date(now - age * day).toISOString(), ...more });
  const defaults = { metadata: null, config_id: "pc-resili-4be1c0", allow_config_override: true };
  return [
    key("checkout service", "workspace-service", ["completions.write", "logs.write"], 30, { defaults }),
    key("ada, laptop", "workspace-user", ["completions.write", "logs.view"], 9, { expires_at: new Date(now + 21 * day).toISOString() }),
    key("terraform", "organisation-service", ["workspaces.list", "configs.create", "configs.update"], 70),
  ];
}
