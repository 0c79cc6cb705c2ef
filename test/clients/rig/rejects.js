import assert from "node:assert/strict";

/** Fails unless the SDK throws its own error class with this status and message; returns the error. */
export async function rejects(promise, name, status, message) {
  let error;
  await assert.rejects(async () => { await promise; }, (e) => { error = e; return true; });
  assert.equal(error.constructor.name, name, error.stack);
  assert.equal(error.status, status);
  assert.match(error.message, message);
  return error;
}
