import assert from "node:assert/strict";
import { test } from "node:test";
import { replyMessages, requestMessages, requestTools } from "./conversation.ts";

test("an OpenAI chat request with an image, a tool call and its result", () => {
  const got = requestMessages({
    messages: [
      { role: "system", content: "be brief" },
      { role: "user", content: [{ type: "text", text: "look" }, { type: "image_url", image_url: { url: "data:x" } }] },
      { role: "assistant", content: null, tool_calls: [{ id: "t", function: { name: "f", arguments: '{"a":1}' } }] },
      { role: "tool", tool_call_id: "t", content: "42" },
    ],
  });
  assert.deepEqual(
    got.map((m) => [m.role, m.parts]),
    [
      ["system", [{ kind: "text", text: "be brief" }]],
      ["user", [{ kind: "text", text: "look" }, { kind: "image", url: "data:x" }]],
      ["assistant", [{ kind: "tool_call", id: "t", name: "f", args: '{\n  "a": 1\n}' }]],
      ["tool", [{ kind: "tool_result", id: "t", text: "42", failed: false }]],
    ],
  );
});

test("an Anthropic request: system, base64 image, tool result that failed", () => {
  const got = requestMessages({
    system: [{ type: "text", text: "s" }],
    messages: [
      { role: "user", content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "u", is_error: true, content: "no" }] },
    ],
  });
  assert.deepEqual(got.map((m) => m.parts[0]), [
    { kind: "text", text: "s" },
    { kind: "image", url: "data:image/png;base64,AA" },
    { kind: "tool_result", id: "u", text: "no", failed: true },
  ]);
});

test("a Responses request and reply", () => {
  const got = requestMessages({ instructions: "i", input: [{ role: "user", content: [{ type: "input_text", text: "q" }] }] });
  assert.deepEqual(got.map((m) => m.role), ["system", "user"]);
  const reply = replyMessages({ output: [{ type: "function_call", call_id: "c", name: "f", arguments: "{}" }] });
  assert.deepEqual(reply[0]?.parts, [{ kind: "tool_call", id: "c", name: "f", args: "{}" }]);
});

test("replies keep why the model stopped, and unknown parts stay visible", () => {
  const chat = replyMessages({ choices: [{ message: { role: "assistant", content: "x" }, finish_reason: "length" }] });
  assert.equal(chat[0]?.finish, "length");
  const odd = replyMessages({ type: "message", role: "assistant", stop_reason: "end_turn", content: [{ type: "new_thing", v: 1 }] });
  assert.deepEqual(odd[0]?.parts, [{ kind: "json", value: { type: "new_thing", v: 1 } }]);
  assert.deepEqual(replyMessages({ error: { message: "no" } }), []);
});

test("token lists, embeddings and tools", () => {
  assert.deepEqual(requestMessages({ prompt: "p" })[0]?.parts, [{ kind: "text", text: "p" }]);
  assert.equal(requestMessages({ input: ["a", "b"] }).length, 2);
  assert.match(JSON.stringify(replyMessages({ data: [{ embedding: [0.1, 0.2] }] })), /2 numbers: 0.1000, 0.2000/);
  const tools = requestTools({ tools: [{ type: "function", function: { name: "f", parameters: {} } }, { name: "g", input_schema: {} }] });
  assert.deepEqual(tools.map((t) => t.name), ["f", "g"]);
});
