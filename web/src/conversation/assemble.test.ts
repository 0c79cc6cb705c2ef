import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble } from "./assemble.ts";
import { looksLikeSse, parseSse } from "./sse.ts";

const sse = (...events: unknown[]) =>
  events.map((e) => `data: ${typeof e === "string" ? e : JSON.stringify(e)}\n\n`).join("");

test("events are split at any line ending, joined over data lines, and comments skipped", () => {
  assert.deepEqual(parseSse(": hi\r\nevent: a\r\ndata: 1\r\ndata:2\r\n\r\ndata: x\n\nevent: none\n\ndata: cut"), [
    { event: "a", data: "1\n2" },
    { event: "message", data: "x" },
    { event: "message", data: "cut" },
  ]);
  assert.equal(looksLikeSse('{"data": 1}'), false);
  assert.equal(looksLikeSse("event: message_start\n"), true);
});

test("an OpenAI chat stream folds to its message, tool calls and usage", () => {
  const chunk = (delta: unknown, finish: string | null = null) => ({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
    usage: null,
  });
  const got = assemble(
    sse(
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "It is " }),
      chunk({ content: "sunny" }),
      chunk({ tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "f", arguments: "" } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: "1}" } }] }),
      chunk({}, "tool_calls"),
      { id: "c1", object: "chat.completion.chunk", model: "m", choices: [], usage: { total_tokens: 7 } },
      "[DONE]",
    ),
  );
  assert.equal(got.complete, true);
  assert.deepEqual(got.body, {
    id: "c1",
    object: "chat.completion",
    model: "m",
    usage: { total_tokens: 7 },
    choices: [
      {
        index: 0,
        finish_reason: "tool_calls",
        message: {
          role: "assistant",
          content: "It is sunny",
          tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
      },
    ],
  });
});

test("several choices are kept apart", () => {
  const chunk = (index: number, content: string) => ({ choices: [{ index, delta: { content } }] });
  const got = assemble(sse(chunk(1, "b"), chunk(0, "a"), chunk(1, "b"), "[DONE]"));
  const texts = (got.body as { choices: { message: { content: string } }[] }).choices.map((c) => c.message.content);
  assert.deepEqual(texts, ["a", "bb"]);
});

test("a broken OpenAI stream is incomplete and says its error", () => {
  const got = assemble(sse({ choices: [{ index: 0, delta: { content: "half" } }] }, { error: { message: "upstream died" } }));
  assert.equal(got.complete, false);
  assert.equal(got.error, "upstream died");
  assert.equal((got.body as { choices: { message: { content: string } }[] }).choices[0]?.message.content, "half");
});

test("an Anthropic stream folds to thinking, text and a tool call", () => {
  const got = assemble(
    sse(
      { type: "message_start", message: { type: "message", role: "assistant", content: [], usage: { input_tokens: 3 } } },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
      { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "sig" } },
      { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hel" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "lo" } },
      { type: "content_block_start", index: 2, content_block: { type: "tool_use", id: "u", name: "f", input: {} } },
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: '{"x"' } },
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: ":2}" } },
      { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    ),
  );
  assert.equal(got.complete, true);
  assert.deepEqual(got.body, {
    type: "message",
    role: "assistant",
    stop_reason: "tool_use",
    usage: { input_tokens: 3, output_tokens: 9 },
    content: [
      { type: "thinking", thinking: "hm", signature: "sig" },
      { type: "text", text: "Hello" },
      { type: "tool_use", id: "u", name: "f", input: { x: 2 } },
    ],
  });
});

test("an Anthropic stream cut inside a tool call shows the half it got", () => {
  const got = assemble(
    sse(
      { type: "message_start", message: { type: "message", role: "assistant" } },
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", name: "f", input: {} } },
      { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: '{"x"' } },
    ),
  );
  assert.equal(got.complete, false);
  assert.equal((got.body as { content: { input: unknown }[] }).content[0]?.input, '{"x"');
});

test("a Responses stream takes its last event, or what it has so far", () => {
  const whole = { id: "r", output: [{ type: "message", role: "assistant", content: [] }] };
  assert.deepEqual(assemble(sse({ type: "response.completed", response: whole })).body, whole);
  const cut = assemble(sse({ type: "response.output_text.delta", item_id: "i", delta: "ab" }));
  assert.equal(cut.complete, false);
  assert.match(JSON.stringify(cut.body), /"text":"ab"/);
});

test("a Gemini stream joins neighbouring text", () => {
  const part = (text: string, finishReason?: string) => ({ candidates: [{ content: { parts: [{ text }] }, finishReason }] });
  const got = assemble(sse(part("a"), part("b", "STOP")));
  assert.equal(got.complete, true);
  assert.match(JSON.stringify(got.body), /\[\{"text":"ab"\}\]/);
});
