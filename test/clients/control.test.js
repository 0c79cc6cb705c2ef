// The control plane through Portkey's SDK: what it creates, reads, changes and
// deletes, and that all of it works the moment it is answered.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { Portkey as Portkey3 } from "portkey-ai";
import { Portkey as Portkey1 } from "portkey-ai-1";

import { adminKey, baseURL, ownerOf, workspaceKey } from "./rig/portico.js";
import { recording } from "./rig/recordings.js";
import { rejects } from "./rig/rejects.js";
import * as upstream from "./rig/upstream.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const hello = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Hello" }] };
const chat = recording("openai", "chat-4o");

beforeEach(async () => {
  await upstream.reset();
  await upstream.replay(chat);
});
after(upstream.reset);

for (const [version, Portkey] of [["3.x", Portkey3], ["1.x", Portkey1]]) {
  describe(`portkey-ai ${version}`, () => {
    const admin = () => new Portkey({ apiKey: adminKey, baseURL });
    const user = (options) => new Portkey({ apiKey: workspaceKey, baseURL, ...options });
    let slug; // of a virtual key for openai

    before(async () => {
      slug = (await admin().virtualKeys.create({ name: `control ${version}`, provider: "openai", key: "sk-control-plane-secret" })).slug;
    });

    describe("configs", () => configs({ admin, user, openai: () => slug }));
    describe("virtual keys", () => virtualKeys({ admin, user, version }));
    describe("API keys", () => apiKeys({ Portkey, admin, openai: () => slug }));
  });
}

function configs({ admin, user, openai }) {
  const first = () => ({ retry: { attempts: 2, on_status_codes: [429] }, virtual_key: openai() });
  const second = () => ({ strategy: { mode: "fallback" }, targets: [{ virtual_key: openai() }, { virtual_key: openai(), override_params: { model: "gpt-4o" } }] });

  test("live from create to delete", async () => {
    const portkey = admin();
    const made = await portkey.configs.create({ name: "Nightly batch", config: first(), isDefault: 0 });
    assert.match(made.slug, /^pc-[a-z0-9]{1,6}-[0-9a-f]{6}$/);
    assert.match(made.id, uuid);
    assert.match(made.version_id, uuid);
    assert.equal(made.object, "config");

    const read = await portkey.configs.retrieve({ slug: made.slug });
    assert.equal(read.name, "Nightly batch");
    assert.equal(read.id, made.id);
    assert.equal(read.version_id, made.version_id);
    assert.equal(read.status, "active");
    assert.equal(read.is_default, 0);
    assert.equal(typeof read.config, "string", "the SDK's users parse it themselves");
    assert.deepEqual(JSON.parse(read.config), first());
    assert.match(read.created_at, timestamp);

    const changed = await portkey.configs.update({ slug: made.slug, name: "Hourly batch", config: second(), status: "active" });
    assert.match(changed.version_id, uuid);
    assert.notEqual(changed.version_id, made.version_id);

    const { data, total } = await portkey.get(`/configs/${made.slug}/versions`);
    assert.equal(total, 2);
    assert.deepEqual(data.map((v) => [v.version_id, JSON.parse(v.config)]), [[changed.version_id, second()], [made.version_id, first()]]);

    const listed = await portkey.configs.list();
    assert.equal(listed.object, "list");
    assert.equal(listed.data.length, listed.total);
    const mine = listed.data.find((c) => c.slug === made.slug);
    assert.equal(mine.name, "Hourly batch");
    assert.equal(mine.object, "config");

    const reply = await user({ config: made.slug }).chat.completions.create(hello);
    assert.equal(reply.choices[0].message.content, chat.body.choices[0].message.content);

    await portkey.configs.delete({ slug: made.slug });
    await rejects(portkey.configs.retrieve({ slug: made.slug }), "NotFoundError", 404, /not found/i);
    await rejects(user({ config: made.slug }).chat.completions.create(hello), "BadRequestError", 400, new RegExp(made.slug));
  });

  test("a change is used by the next call", async () => {
    const portkey = admin();
    const { slug } = await portkey.configs.create({ name: "Changing", config: { virtual_key: openai(), override_params: { temperature: 0.1 } } });
    const caller = user({ config: slug });
    await caller.chat.completions.create(hello);
    await portkey.configs.update({ slug, config: { virtual_key: openai(), override_params: { temperature: 0.9 } } });
    await caller.chat.completions.create(hello);
    const sent = (await upstream.requests("openai")).map((request) => JSON.parse(request.body).temperature);
    assert.deepEqual(sent, [0.1, 0.9]);
    await portkey.configs.delete({ slug });
  });
}

function virtualKeys({ admin, user, version }) {
  test("live from create to delete", async () => {
    const portkey = admin();
    const made = await portkey.virtualKeys.create({
      name: `Team key ${version}`, provider: "openai", key: "sk-first-secret-of-the-team", note: "paid by research",
    });
    assert.match(made.id, uuid);
    assert.equal(made.object, "virtual-key");

    const read = await portkey.virtualKeys.retrieve({ slug: made.slug });
    assert.equal(read.name, `Team key ${version}`);
    assert.equal(read.ai_provider_name, "openai");
    assert.equal(read.note, "paid by research");
    assert.equal(read.status, "active");
    assert.equal(read.key, "");
    assert.match(read.masked_api_key, /^sk\*{5,}eam$/);
    assert.equal(JSON.stringify(read).includes("first-secret"), false);

    await user({ virtualKey: made.slug }).chat.completions.create(hello);
    await portkey.virtualKeys.update({ slug: made.slug, name: "Renamed", key: "sk-second-secret-of-the-team", note: null });
    await user({ virtualKey: made.slug }).chat.completions.create(hello);
    const keys = (await upstream.requests("openai")).map((request) => request.header.Authorization[0]);
    assert.deepEqual(keys, ["Bearer sk-first-secret-of-the-team", "Bearer sk-second-secret-of-the-team"]);

    const listed = await portkey.virtualKeys.list();
    assert.equal(listed.object, "list");
    const mine = listed.data.find((k) => k.slug === made.slug);
    assert.equal(mine.name, "Renamed");
    assert.equal(mine.provider, "openai");
    assert.equal(mine.workspace_name.length > 0, true);

    await portkey.virtualKeys.delete({ slug: made.slug });
    await rejects(portkey.virtualKeys.retrieve({ slug: made.slug }), "NotFoundError", 404, /not found/i);
    await rejects(user({ virtualKey: made.slug }).chat.completions.create(hello), "BadRequestError", 400, new RegExp(made.slug));
  });

  test("Azure's details come back, without the secret", async () => {
    const portkey = admin();
    const deployments = [
      { apiVersion: "2024-10-21", alias: "fast", deploymentName: "mini-eu", is_default: true },
      { apiVersion: "2024-06-01", alias: "large", deploymentName: "big-eu" },
    ];
    const { slug } = await portkey.virtualKeys.create({
      name: `Azure ${version}`, provider: "azure-openai", key: "azure-secret-of-the-team", resourceName: "team-eu", deploymentConfig: deployments,
    });
    const read = await portkey.virtualKeys.retrieve({ slug });
    assert.equal(read.model_config.resource_name, "team-eu");
    assert.deepEqual(read.model_config.deploymentConfig.map((d) => [d.alias, d.deploymentName, d.apiVersion, Boolean(d.is_default)]), [
      ["fast", "mini-eu", "2024-10-21", true], ["large", "big-eu", "2024-06-01", false],
    ]);
    assert.equal(JSON.stringify(read).includes("azure-secret"), false);

    await upstream.replay(recording("azure-openai", "chat"));
    await user({ virtualKey: slug }).chat.completions.create({ ...hello, model: "large" });
    await user({ virtualKey: slug }).chat.completions.create({ ...hello, model: "anything else" });
    assert.deepEqual((await upstream.requests("azure-openai")).map((r) => [r.path.split("/").at(-3), r.query]), [
      ["big-eu", "api-version=2024-06-01"], ["mini-eu", "api-version=2024-10-21"],
    ]);
    await portkey.virtualKeys.delete({ slug });
  });
}

function apiKeys({ Portkey, admin, openai }) {
  const caller = (apiKey) => new Portkey({ apiKey, baseURL, virtualKey: openai() });

  test("a service key lives from create to delete", async () => {
    const portkey = admin();
    const { id, key, object } = await portkey.apiKeys.create({
      type: "workspace", "sub-type": "service", name: "Ingest", description: "nightly", scopes: ["completions.write", "logs.view"],
    });
    assert.match(id, uuid);
    assert.equal(object, "api-key");
    await caller(key).chat.completions.create(hello);

    const read = await portkey.apiKeys.retrieve({ id });
    assert.equal(read.name, "Ingest");
    assert.equal(read.description, "nightly");
    assert.equal(read.type, "workspace-service");
    assert.equal(read.status, "active");
    assert.equal(read.creation_mode, "api");
    assert.deepEqual([...read.scopes].sort(), ["completions.write", "logs.view"]);
    assert.notEqual(read.key, key);
    assert.equal(read.key, `${key.slice(0, 2)}*****${key.slice(-3)}`);

    await portkey.apiKeys.update({ id, name: "Ingest, twice a night", scopes: ["completions.write"] });
    const listed = await portkey.apiKeys.list({ page_size: 100, current_page: 0 });
    const mine = listed.data.find((k) => k.id === id);
    assert.equal(mine.name, "Ingest, twice a night");
    assert.deepEqual(mine.scopes, ["completions.write"]);

    const rotated = await portkey.post(`/api-keys/${id}/rotate`, {});
    assert.equal(rotated.id, id);
    assert.match(rotated.key_transition_expires_at, timestamp);
    await caller(rotated.key).chat.completions.create(hello);
    await caller(key).chat.completions.create(hello); // the old value still works while clients change over

    await portkey.apiKeys.delete({ id });
    for (const value of [key, rotated.key]) {
      await rejects(caller(value).chat.completions.create(hello), "AuthenticationError", 401, /Invalid API Key/);
    }
    await rejects(portkey.apiKeys.retrieve({ id }), "NotFoundError", 404, /not found/i);
  });

  test("a user key belongs to its user", async () => {
    const owner = await ownerOf();
    const portkey = admin();
    const { id, key } = await portkey.apiKeys.create({ type: "workspace", "sub-type": "user", name: "Ada's", user_id: owner.id, scopes: ["completions.write"] });
    const read = await portkey.apiKeys.retrieve({ id });
    assert.equal(read.type, "workspace-user");
    assert.equal(read.user_id, owner.id);
    await caller(key).chat.completions.create(hello);
    await portkey.apiKeys.delete({ id });
  });

  test("an organisation key manages and does not call models", async () => {
    const portkey = admin();
    const { id, key } = await portkey.apiKeys.create({ type: "organisation", "sub-type": "service", name: "CI", scopes: ["configs.list", "virtual_keys.list"] });
    const other = new Portkey({ apiKey: key, baseURL });
    assert.equal((await other.configs.list()).object, "list");
    await rejects(other.configs.create({ name: "No", config: { virtual_key: openai() } }), "PermissionDeniedError", 403, /configs\.create/);
    await rejects(caller(key).chat.completions.create(hello), "PermissionDeniedError", 403, /admin key.*workspace key/);
    await portkey.apiKeys.delete({ id });
  });

  test("an organisation has no user keys", async () => {
    const made = admin().apiKeys.create({ type: "organisation", "sub-type": "user", name: "No", scopes: ["configs.list"] });
    await rejects(made, "NotFoundError", 404, /api-keys\/organisation\/user/);
  });

  test("a key's default config applies, and can be locked", async () => {
    const portkey = admin();
    const config = await portkey.configs.create({ name: "Default of a key", config: { virtual_key: openai(), override_params: { temperature: 0.3 } } });
    const { id, key } = await portkey.apiKeys.create({
      type: "workspace", "sub-type": "service", name: "With default", scopes: ["completions.write"],
      defaults: { config_id: config.slug, metadata: { team: "search" }, allow_config_override: false },
    });
    const read = await portkey.apiKeys.retrieve({ id });
    assert.equal(read.defaults.config_id, config.id);
    assert.deepEqual(read.defaults.metadata, { team: "search" });
    await new Portkey({ apiKey: key, baseURL }).chat.completions.create(hello);
    const [request] = await upstream.requests("openai");
    assert.equal(JSON.parse(request.body).temperature, 0.3);
    await rejects(
      new Portkey({ apiKey: key, baseURL, config: { virtual_key: openai() } }).chat.completions.create(hello),
      "BadRequestError", 400, /Cannot override default config/,
    );
    await portkey.apiKeys.delete({ id });
  });
}
