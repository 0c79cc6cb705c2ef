// What providers really answered: recordings of the corpus where there is one,
// else the hand-written cases of test/upstream. Tests take what they expect from
// here, so that both are checked value by value.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const corpus = process.env.PORTICO_CORPUS;

/** Whether real traffic is replayed. */
export const recorded = Boolean(corpus);

// Per provider and use: the recording, and the hand-written case that stands in
// for it in a clone without the corpus (none: the test is skipped there). The
// suites in other languages read the same table.
const cases = JSON.parse(readFileSync(join(import.meta.dirname, "recordings.json"), "utf8"));

/**
 * A recording: its provider and case (as the upstream knows it), the request it
 * answered, and the reply: status, body, and for streams text and events.
 */
export function recording(provider, use) {
  const name = caseOf(provider, use);
  if (!name) throw new Error(`${provider} ${use} needs the corpus: guard the test with skipWithout`);
  const file = corpus && name === cases[provider][use][0]
    ? join(corpus, "http", provider, `${name}.json`)
    : join(import.meta.dirname, "../../upstream/testdata", `${provider}__${name}.json`);
  const exchange = JSON.parse(readFileSync(file, "utf8"));
  const text = exchange.response_chunks?.join("");
  return {
    provider, case: name, request: exchange.request_body, status: exchange.status,
    body: exchange.response_body, text, events: text === undefined ? undefined : parseEvents(text),
  };
}

/** Why a test cannot run here, or false: the value of its `skip` option. */
export function skipWithout(provider, ...uses) {
  const missing = uses.filter((use) => !caseOf(provider, use));
  return missing.length > 0 && `needs recorded traffic (${provider}: ${missing.join(", ")}); set PORTICO_CORPUS`;
}

function caseOf(provider, use) {
  const [real, own] = cases[provider][use];
  return corpus && real ? real : own;
}

/** The data of a stream's events, parsed; OpenAI's [DONE] is left out. */
function parseEvents(text) {
  return text.split(/\r?\n\r?\n/)
    .map((event) => event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n"))
    .filter((data) => data !== "" && data !== "[DONE]")
    .map((data) => JSON.parse(data));
}
