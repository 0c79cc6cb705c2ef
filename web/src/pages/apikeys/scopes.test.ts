import assert from "node:assert/strict";
import { test } from "node:test";
import { allowed, groupsFor, initialScopes, presets, scopeGroups } from "./scopes.ts";

test("an organisation key cannot be given inference", () => {
  assert.deepEqual(allowed("organisation-service", ["completions.write", "configs.list"]), ["configs.list"]);
  for (const preset of presets) assert.ok(!preset.scopes("organisation-service").includes("completions.write"), preset.id);
});

test("a user key cannot manage keys", () => {
  const may = groupsFor("workspace-user").flatMap((g) => g.scopes);
  assert.ok(may.includes("completions.write"));
  assert.equal(may.some((s) => s.includes("api_keys")), false);
});

test("every scope is offered once, and a new key starts with some", () => {
  const scopes = scopeGroups.flatMap((g) => g.scopes);
  assert.equal(new Set(scopes).size, scopes.length);
  for (const type of ["organisation-service", "workspace-service", "workspace-user"] as const) assert.ok(initialScopes(type).length > 0, type);
});
