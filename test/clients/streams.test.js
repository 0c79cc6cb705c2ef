// Streams that break. One that breaks before its first token is retried or falls
// back without the client noticing; one that breaks later raises in every SDK,
// after all that had arrived, and never looks complete.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { Portkey as Portkey3 } from "portkey-ai";
import { Portkey as Portkey1 } from "portkey-ai-1";

import { adminKey, baseURL, logDetail, logOf, logs, newTrace, origin, workspaceKey } from "./rig/portico.js";
import { recording } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const recorded = { openai: recording("openai", "stream"), anthropic: recording("anthropic", "stream") };
const messages = [{ role: "user", content: "Hello" }];
const slugs = {};

before(async () => {
  const admin = new Portkey3({ apiKey: adminKey, baseURL });
  for (const provider of ["openai", "anthropic"]) {
    slugs[provider] = (await admin.virtualKeys.create({ name: `streams ${provider}`, provider, key: `sk-streams-${provider}` })).slug;
  }
});

beforeEach(upstream.reset);
after(upstream.reset);

const text = {
  openai: recorded.openai.events.map((e) => e.choices[0]?.delta.content ?? "").join(""),
  anthropic: recorded.anthropic.events.map((e) => e.delta?.text ?? "").join(""),
};

const chunkText = (chunk) => chunk.choices[0]?.delta?.content ?? "";
const ask = { model: "gpt-4o-mini", max_tokens: 100, messages, stream: true };

/** How each SDK opens a stream, and what of an item is text. */
const sdks = {
  "portkey-ai 3.x": {
    open: (config, traceID) => new Portkey3({ apiKey: workspaceKey, baseURL, config, traceID }).chat.completions.create(ask),
    textOf: chunkText,
  },
  "portkey-ai 1.x": {
    open: (config, traceID) => new Portkey1({ apiKey: workspaceKey, baseURL, config, traceID }).chat.completions.create(ask),
    textOf: chunkText,
    mute: true, // it throws the class of its errors instead of an error
  },
  openai: {
    open: (config, traceID) => new OpenAI({ apiKey: workspaceKey, baseURL, maxRetries: 0, defaultHeaders: headers(config, traceID) }).chat.completions.create(ask),
    textOf: chunkText,
  },
  "@anthropic-ai/sdk": {
    open: (config, traceID) => new Anthropic({ apiKey: workspaceKey, baseURL: origin, maxRetries: 0, defaultHeaders: headers(config, traceID) }).messages.create(ask),
    textOf: (event) => (event.type === "content_block_delta" ? event.delta.text ?? "" : ""),
  },
};

const headers = (config, traceID) => ({ "x-portkey-config": JSON.stringify(config), "x-portkey-trace-id": traceID });

/** Reads a stream to its end or to its error. */
async function read(sdk, config, traceID) {
  const got = { text: "", error: undefined };
  try {
    for await (const item of await sdk.open(config, traceID)) got.text += sdk.textOf(item);
  } catch (error) {
    got.error = error;
  }
  return got;
}

/** The rows of the log of these traces, one each. */
async function rowsOf(traces) {
  const rows = await logs({ trace_id: traces.join(",") }, traces.length);
  assert.deepEqual(rows.map((row) => row.trace_id).sort(), [...traces].sort());
  return rows;
}

const events = (provider) => recorded[provider].text.split(/(?<=\n\n)/);

/** Where in a provider's recorded stream most of it has been sent, inside an event. */
function middle(provider) {
  const all = events(provider);
  const last = all.findLastIndex((e) => /"content":"|text_delta/.test(e));
  return Buffer.byteLength(all.slice(0, last).join("")) + 20;
}

const lateFaults = {
  "is cut": (provider) => ({ cut_at: middle(provider) }),
  "is reset": (provider) => ({ reset_at: middle(provider) }),
  "tells an error": (provider) => ({ error_after: events(provider).findLastIndex((e) => /"content":"|text_delta/.test(e)) }),
};

for (const [name, sdk] of Object.entries(sdks)) {
  describe(`${name}: a stream that breaks in the middle raises`, () => {
    const traces = [];
    for (const provider of ["openai", "anthropic"]) {
      for (const [fault, step] of Object.entries(lateFaults)) {
        test(`${provider}'s stream ${fault}`, async () => {
          await upstream.script(provider, { case: recorded[provider].case, ...step(provider), times: -1 });
          const traceID = newTrace("late");
          const got = await read(sdk, { virtual_key: slugs[provider] }, traceID);
          assert.ok(got.error, `the stream ended as if it were complete, with ${JSON.stringify(got.text)}`);
          if (!sdk.mute) assert.match(got.error.message, fault === "tells an error" ? /told to break this stream/ : /ended before it was complete|connection/i);
          assert.ok(got.text.length > 0 && got.text.length < text[provider].length && text[provider].startsWith(got.text), `got ${got.text}`);
          assert.equal((await upstream.requests(provider)).length, 1, "what has begun is not tried again");
          traces.push(traceID);
        });
      }
    }

    test("and the log says so", async () => {
      for (const row of await rowsOf(traces)) {
        assert.equal(row.status, "truncated");
        assert.equal(row.is_success, false);
        assert.ok(row.error.message);
      }
    });
  });
}

const earlyFaults = {
  "is an error": { status: 500, case: "" },
  "begins with an error": { error_after: 0 },
  "is cut at once": { cut_at: 0 },
  "is cut after the role": (provider) => ({ cut_at: Buffer.byteLength(events(provider)[0]) }),
  "is reset before its head": { reset_at: -1 },
};

for (const [name, sdk] of Object.entries(sdks)) {
  describe(`${name}: a stream that breaks before its first token falls back`, () => {
    const servedBy = new Map(); // by trace id
    for (const [first, second] of [["openai", "anthropic"], ["anthropic", "openai"]]) {
      for (const [fault, step] of Object.entries(earlyFaults)) {
        test(`${first}'s stream ${fault}, ${second} serves`, async () => {
          await upstream.script(first, { case: recorded[first].case, ...(typeof step === "function" ? step(first) : step), times: -1 });
          await upstream.replay(recorded[second]);
          const config = { strategy: { mode: "fallback" }, targets: [{ virtual_key: slugs[first] }, { virtual_key: slugs[second] }] };
          const traceID = newTrace("early");
          const got = await read(sdk, config, traceID);
          assert.equal(got.error, undefined);
          assert.equal(got.text, text[second]);
          servedBy.set(traceID, second);
        });
      }
    }

    test("and the log says so", async () => {
      for (const row of await rowsOf([...servedBy.keys()])) {
        assert.equal(row.status, "success");
        assert.equal(row.fallback, true);
        assert.equal(row.ai_org, servedBy.get(row.trace_id));
        assert.equal(row.last_used_option_index, "config.targets[1]");
      }
    });
  });
}

test("a stream that breaks before its first token is retried", async () => {
  await upstream.script("openai", { case: recorded.openai.case, cut_at: 0 }, { case: recorded.openai.case });
  const config = { virtual_key: slugs.openai, retry: { attempts: 1, on_status_codes: [502] } };
  const traceID = newTrace("retried");
  const got = await read(sdks["portkey-ai 3.x"], config, traceID);
  assert.equal(got.error, undefined);
  assert.equal(got.text, text.openai);
  const { attempts } = await logDetail((await logOf(traceID)).id);
  assert.deepEqual(attempts.map((a) => a.status), [502, 200]);
});
