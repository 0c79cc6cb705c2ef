// Coding agents on the command line, Claude Code and Codex, each a process of its
// own with an empty home: a prompt must end with the replayed text.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { baseURL, logs, newTrace, origin, virtualKeys, workspaceKey } from "./rig/portico.js";
import { nanoDollars } from "./rig/prices.js";
import { read, recording } from "./rig/recordings.js";
import * as upstream from "./rig/upstream.js";

const names = { openai: "gpt-4o-mini", anthropic: "claude-sonnet-4-6" };
let slugs, home;

before(async () => {
  slugs = await virtualKeys("tools", "openai", "anthropic");
  home = await mkdtemp(join(tmpdir(), "portico-tools."));
});
after(() => rm(home, { recursive: true, force: true }));
beforeEach(upstream.reset);
after(upstream.reset);

/** Runs a tool's launcher in its empty home; all but loopback leads nowhere. */
async function run(script, args, env) {
  const nowhere = "http://127.0.0.1:9";
  const child = spawn(process.execPath, [join(import.meta.dirname, "node_modules", script), ...args], {
    cwd: home, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000,
    env: { PATH: process.env.PATH, HOME: home, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: "127.0.0.1,localhost", ...env },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => { output[name] += text; });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  assert.equal(code, 0, `${output.stdout}\n${output.stderr}`);
  return output.stdout.trim();
}

// The launcher that Anthropic ships for installations without install scripts.
const claude = (provider, trace, ...args) => run("@anthropic-ai/claude-code/cli-wrapper.cjs", ["--model", names[provider], ...args], {
  ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: workspaceKey,
  ANTHROPIC_CUSTOM_HEADERS: `x-portkey-virtual-key: ${slugs[provider]}\nx-portkey-trace-id: ${trace}`,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1",
});

// Not sandboxed, since a container cannot nest one; the model's calls are scripted here.
const codex = (provider, trace, ...args) => run("@openai/codex/bin/codex.js", [
  "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", "--model", names[provider], ...Object.entries({
    "model_provider": "portico",
    "model_providers.portico.name": "Portico",
    "model_providers.portico.base_url": baseURL,
    "model_providers.portico.env_key": "OPENAI_API_KEY",
    "model_providers.portico.wire_api": "responses",
    "model_providers.portico.http_headers.x-portkey-virtual-key": slugs[provider],
    "model_providers.portico.http_headers.x-portkey-trace-id": trace,
  }).flatMap(([key, value]) => ["-c", `${key}=${JSON.stringify(value)}`]), ...args,
], { CODEX_HOME: home, OPENAI_API_KEY: workspaceKey });

/** The rows of a trace, each checked against what its provider told, at list prices. */
async function checkLog(trace, provider, ...replies) {
  const rows = await logs({ trace_id: trace }, replies.length);
  const row = ({ model, usage: [input, output] }) => [provider, "success", input, output, nanoDollars(provider, model, input, output)];
  assert.deepEqual(rows.map((r) => [r.ai_org, r.status, r.req_units, r.res_units, r.cost_nano]).sort(), replies.map(row).sort());
}

/** A step that streams a call of a tool, in the format of a provider's endpoint. */
function callStep(format, model, name, input) {
  const args = JSON.stringify(input);
  const item = { type: "function_call", id: "fc_7", call_id: "call_7", name, arguments: args, status: "completed" };
  const chunk = (choice, usage) => ({ id: "chatcmpl-7", object: "chat.completion.chunk", created: 1, model, choices: choice ? [{ index: 0, finish_reason: null, ...choice }] : [], ...(usage && { usage }) });
  const response = (status, output, usage) => ({ id: "resp_7", object: "response", created_at: 1, status, model, output, ...(usage && { usage }) });
  const events = {
    messages: [
      { type: "message_start", message: { id: "msg_7", type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 50, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "call_7", name, input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: args } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 20 } },
      { type: "message_stop" },
    ],
    chat: [
      chunk({ delta: { role: "assistant", tool_calls: [{ index: 0, id: "call_7", type: "function", function: { name, arguments: args } }] } }),
      chunk({ delta: {}, finish_reason: "tool_calls" }),
      chunk(undefined, { prompt_tokens: 50, completion_tokens: 20, total_tokens: 70 }),
    ],
    responses: [
      { type: "response.created", response: response("in_progress", []) },
      { type: "response.output_item.added", output_index: 0, item: { ...item, arguments: "", status: "in_progress" } },
      { type: "response.function_call_arguments.delta", output_index: 0, item_id: item.id, delta: args },
      { type: "response.function_call_arguments.done", output_index: 0, item_id: item.id, arguments: args },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: response("completed", [item], { input_tokens: 50, output_tokens: 20, total_tokens: 70 }) },
    ],
  }[format];
  const text = events.map((e) => `${e.type ? `event: ${e.type}\n` : ""}data: ${JSON.stringify(e)}\n\n`).join("") + (format === "chat" ? "data: [DONE]\n\n" : "");
  return { body: text, headers: { "content-type": "text/event-stream" } };
}

/** What a recorded stream of either API says. */
function told(recorded) {
  const response = recorded.events.at(-1).response;
  if (!response) return read(recorded);
  const { input_tokens: input, output_tokens: output } = response.usage;
  return { text: response.output.at(-1).content[0].text, model: response.model, usage: [input, output] };
}

const tools = {
  "Claude Code": {
    ask: (provider, trace, prompt) => claude(provider, trace, "-p", prompt),
    format: { anthropic: "messages", openai: "chat" },
    reading: (file) => ["Read", { file_path: file }],
  },
  Codex: {
    ask: codex,
    format: { anthropic: "messages", openai: "responses" },
    reading: (file) => ["exec_command", { cmd: `cat ${file}` }],
  },
};
for (const [tool, { ask, format, reading }] of Object.entries(tools)) {
  for (const provider of ["openai", "anthropic"]) {
    const use = format[provider] === "responses" ? "response-stream" : "stream";

    describe(`${tool}, answered by ${provider}`, () => {
      test("a prompt", async () => {
        const recorded = recording(provider, use);
        await upstream.replay(recorded);
        const trace = newTrace("tools");
        const want = told(recorded);
        assert.equal(await ask(provider, trace, "Say hello"), want.text.trim());
        await checkLog(trace, provider, want);
      });

      test("a prompt for which it reads a file", async () => {
        const note = join(home, "note.txt");
        await writeFile(note, "the password is swordfish");
        const recorded = recording(provider, use);
        await upstream.script(provider, callStep(format[provider], names[provider], ...reading(note)), { case: recorded.case });
        const trace = newTrace("tools");
        const want = told(recorded);
        assert.equal(await ask(provider, trace, "What does note.txt say?"), want.text.trim());
        const [first, second] = await upstream.requests(provider);
        assert.ok(!first.body.includes("swordfish") && second.body.includes("swordfish"), second.body);
        assert.ok(second.body.includes("call_7"));
        await checkLog(trace, provider, { model: names[provider], usage: [50, 20] }, want);
      });
    });
  }
}
