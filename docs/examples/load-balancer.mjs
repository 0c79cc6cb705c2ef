// Sends requests through a routing config and prints who answered each.
//
//   npm install portkey-ai
//   PORTICO_KEY=… node load-balancer.mjs balancer.json [TRACE_ID [COUNT]]
//
// PORTICO_URL is http://127.0.0.1:8787/v1 unless set otherwise.
import { readFileSync } from "node:fs";
import { Portkey } from "portkey-ai";

const [file = "balancer.json", trace = "request-loadbalance-fallback", count = "10"] = process.argv.slice(2);

const portkey = new Portkey({
  apiKey: process.env.PORTICO_KEY,
  baseURL: process.env.PORTICO_URL ?? "http://127.0.0.1:8787/v1",
  config: JSON.parse(readFileSync(file, "utf8")),
});

const served = {};
for (let i = 1; i <= Number(count); i++) {
  const reply = await portkey.chat.completions.create(
    {
      model: "gpt-3.5-turbo",
      messages: [
        { role: "system", content: "You are a senior executive at a shipping company." },
        { role: "user", content: "In one sentence: why do ports have harbour pilots?" },
      ],
    },
    { traceID: trace },
  );
  const headers = reply.getHeaders();
  const target = headers["last-used-option-index"];
  served[target] = (served[target] ?? 0) + 1;
  console.log(`${i}`.padStart(2), headers["provider"].padEnd(13), target.padEnd(29), reply.model, `${reply.usage.total_tokens} tokens`);
}
console.table(served);
