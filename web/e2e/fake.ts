// A server with the API's shapes and made-up data, for work on the console
// without a Portico: `npm run build && npm run fake`, or `npm run dev` beside it.
import { fakeServer } from "./fake/server.ts";

const port = Number(process.env["PORT"] ?? 8787);
const setup = process.argv.includes("--setup");
const owner = { name: "Ada Lovelace", email: "ada@example.com", password: "correct horse battery" };

const server = fakeServer({ owner: setup ? null : owner, setupToken: "first-run", live: !process.argv.includes("--still") });
server.listen(port, "127.0.0.1", () => {
  const origin = `http://127.0.0.1:${port}/console/`;
  console.log(setup ? `${origin}setup?token=first-run` : `${origin}  (${owner.email}, "${owner.password}")`);
});
