import type { ApiKeyType } from "../../api/types.ts";

export interface ScopeGroup {
  label: string;
  scopes: string[];
  /** The types of key that may hold them. */
  types: ApiKeyType[];
}

const all: ApiKeyType[] = ["organisation-service", "workspace-service", "workspace-user"];
const workspace: ApiKeyType[] = ["workspace-service", "workspace-user"];
const service: ApiKeyType[] = ["organisation-service", "workspace-service"];
const of = (noun: string, ...verbs: string[]): string[] => verbs.map((verb) => `${noun}.${verb}`);
const crudl = ["create", "read", "update", "delete", "list"];

/** Every scope that a key may be given, grouped by what it is about. */
export const scopeGroups: ScopeGroup[] = [
  { label: "Models", types: workspace, scopes: ["completions.write"] },
  { label: "Logs and analytics", types: all, scopes: ["logs.view", "logs.list", "logs.export", "analytics.view"] },
  { label: "Own log entries", types: workspace, scopes: ["logs.write"] },
  { label: "Configs", types: all, scopes: of("configs", ...crudl) },
  { label: "Virtual keys", types: all, scopes: of("virtual_keys", ...crudl) },
  { label: "Workspace service keys", types: service, scopes: of("workspace_service_api_keys", ...crudl, "rotate") },
  { label: "Workspace user keys", types: service, scopes: of("workspace_user_api_keys", ...crudl, "rotate") },
  { label: "Organisation keys", types: ["organisation-service"], scopes: of("organisation_service_api_keys", ...crudl, "rotate") },
  { label: "Workspaces", types: all, scopes: of("workspaces", "read", "update", "list") },
  { label: "Members of workspaces", types: all, scopes: of("workspace_users", ...crudl) },
  { label: "New workspaces", types: ["organisation-service"], scopes: of("workspaces", "create", "delete") },
  { label: "Users and invites", types: ["organisation-service"], scopes: of("organisation_users", ...crudl) },
];

/** The groups that a type of key may draw from. */
export const groupsFor = (type: ApiKeyType): ScopeGroup[] => scopeGroups.filter((g) => g.types.includes(type));

/** The scopes of a selection that a type of key may hold. */
export function allowed(type: ApiKeyType, scopes: string[]): string[] {
  const may = new Set(groupsFor(type).flatMap((g) => g.scopes));
  return scopes.filter((s) => may.has(s));
}

export interface Preset {
  id: string;
  label: string;
  scopes: (type: ApiKeyType) => string[];
}

/** What most keys are for. */
export const presets: Preset[] = [
  { id: "call", label: "Call models", scopes: (type) => allowed(type, ["completions.write", "logs.write"]) },
  { id: "read", label: "Read only", scopes: (type) => groupsFor(type).flatMap((g) => g.scopes).filter((s) => /\.(read|list|view)$/.test(s)) },
  { id: "all", label: "Everything", scopes: (type) => groupsFor(type).flatMap((g) => g.scopes) },
];

/** The scopes that a new key of a type starts with. */
export const initialScopes = (type: ApiKeyType): string[] => presets[type === "organisation-service" ? 1 : 0]!.scopes(type);
