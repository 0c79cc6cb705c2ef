// How Portkey's SDK tells mistakes and failures: its own typed errors, with a
// message that says what to do, and never by sending the call a second time.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { Portkey as Portkey3 } from "portkey-ai";
import { Portkey as Portkey1 } from "portkey-ai-1";

import { adminKey, baseURL, workspaceKey } from "./rig/portico.js";
import { recording } from "./rig/recordings.js";
import { rejects } from "./rig/rejects.js";
import * as upstream from "./rig/upstream.js";

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
      slug = (await admin().virtualKeys.create({ name: `mistakes ${version}`, provider: "openai", key: "sk-of-the-mistakes" })).slug;
    });

    describe("mistakes", () => mistakes({ Portkey, admin, user, version, openai: () => slug }));
    describe("failures are not repeated", () => failures({ user, openai: () => slug }));
  });
}

function mistakes({ Portkey, admin, user, version, openai }) {
  test("a config without a name", () => rejects(admin().configs.create({ config: { virtual_key: openai() } }), "BadRequestError", 400, /name/));

  test("a config with faults names each of them", async () => {
    const made = admin().configs.create({
      name: "Faulty", config: { strategy: { mode: "loadbalance" }, targets: [{ virtual_key: openai(), weight: -1 }, { virtual_key: openai(), weight: "half" }] },
    });
    const e = await rejects(made, "BadRequestError", 400, /targets\[0\]\.weight/);
    assert.deepEqual(e.error.problems.map((p) => p.path).sort(), ["config.targets[0].weight", "config.targets[1].weight"]);
  });

  test("an unknown strategy", () => rejects(
    admin().configs.create({ name: "Faulty", config: { strategy: { mode: "loadbalanced" }, targets: [{ virtual_key: openai() }] } }),
    "BadRequestError", 400, /strategy\.mode.*loadbalance/,
  ));

  test("a virtual key for an unknown provider", () => rejects(
    admin().virtualKeys.create({ name: "No", provider: "opneai", key: "sk-0123456789" }), "BadRequestError", 400, /opneai.*openai/s,
  ));

  test("a virtual key without its secret", () => rejects(
    admin().virtualKeys.create({ name: "No", provider: "openai" }), "BadRequestError", 400, /key/,
  ));

  test("a slug that is taken", async () => {
    const slug = `taken-${version.replace(".", "-")}`;
    await admin().virtualKeys.create({ name: "One", provider: "openai", key: "sk-0123456789", slug });
    await rejects(admin().virtualKeys.create({ name: "Two", provider: "openai", key: "sk-0123456789", slug }), "ConflictError", 409, new RegExp(slug));
  });

  test("an API key with an unknown scope", () => rejects(
    admin().apiKeys.create({ type: "workspace", "sub-type": "service", name: "No", scopes: ["completion.write"] }),
    "BadRequestError", 400, /completion\.write.*completions\.write/,
  ));

  test("a user key without a user", () => rejects(
    admin().apiKeys.create({ type: "workspace", "sub-type": "user", name: "No", scopes: ["completions.write"] }),
    "BadRequestError", 400, /user_id/,
  ));

  test("what is not there", async () => {
    await rejects(admin().configs.retrieve({ slug: "pc-nobody-000000" }), "NotFoundError", 404, /not found/i);
    await rejects(admin().configs.update({ slug: "pc-nobody-000000", name: "x" }), "NotFoundError", 404, /not found/i);
    await rejects(admin().apiKeys.delete({ id: "7d1f8d39-7c1c-4a0b-9a53-0d5f3f0f8a11" }), "NotFoundError", 404, /not found/i);
    await rejects(admin().get("/no-such-thing"), "NotFoundError", 404, /GET \/v1\/no-such-thing/);
  });

  test("a wrong key", async () => {
    const stranger = new Portkey({ apiKey: "not-a-key-of-ours", baseURL, virtualKey: openai() });
    await rejects(stranger.configs.list(), "AuthenticationError", 401, /./);
    await rejects(stranger.chat.completions.create(hello), "AuthenticationError", 401, /Invalid API Key/);
  });

  test("a workspace key may not manage without the scope", async () => {
    await rejects(user().virtualKeys.list(), "PermissionDeniedError", 403, /virtual_keys\.list/);
    await rejects(user().apiKeys.create({ type: "workspace", "sub-type": "service", name: "No", scopes: ["completions.write"] }),
      "PermissionDeniedError", 403, /workspace_service_api_keys\.create/);
  });

  test("an inline config with an unset virtual key", async () => {
    const config = { strategy: { mode: "fallback" }, targets: [{ virtual_key: undefined }, { virtual_key: openai() }] };
    await rejects(user({ config }).chat.completions.create(hello), "BadRequestError", 400, /targets\[0\]|provider/);
    assert.equal((await upstream.requests("openai")).length, 0);
  });

  test("no provider named at all", () => rejects(
    user().chat.completions.create(hello), "BadRequestError", 400, /x-portkey-config or x-portkey-provider/,
  ));
}

function failures({ user, openai }) {
  // The SDK repeats a failed call unless the answer carries the gateway's headers.
  for (const status of [500, 502, 503]) {
    test(`a ${status} of the provider is called once`, async () => {
      await upstream.script("openai", { status, times: -1 });
      const e = await rejects(user({ virtualKey: openai() }).chat.completions.create(hello), "InternalServerError", status, /told to answer/);
      assert.ok(e.headers["x-portkey-trace-id"]);
      assert.equal((await upstream.requests("openai")).length, 1);
    });
  }

  test("a broken connection is called once", async () => {
    await upstream.script("openai", { reset_at: -1, times: -1 });
    const e = await rejects(user({ virtualKey: openai() }).chat.completions.create(hello), "InternalServerError", 502, /connection/i);
    assert.ok(e.headers["x-portkey-trace-id"]);
    assert.equal((await upstream.requests("openai")).length, 1);
  });

  test("a 429 is told with its Retry-After", async () => {
    await upstream.script("openai", { status: 429, retry_after: "7", times: -1 });
    const e = await rejects(user({ virtualKey: openai() }).chat.completions.create(hello), "RateLimitError", 429, /told to answer 429/);
    assert.equal(e.headers["retry-after"], "7");
    assert.equal((await upstream.requests("openai")).length, 1);
  });
}
