import { readFileSync } from "node:fs";
import { createKey, expect, real, test, unique } from "./fixtures.ts";

test.skip(!real, "needs a Portico");

test("every kind of filter is set, is in the address, and chooses rows", async ({ page, send }) => {
  const team = unique("team");
  const first = await send("the first", { "x-portkey-metadata": JSON.stringify({ team, note: "a,b=c", _prompt: "greeter" }), "x-portkey-span-id": "span-1" });
  await send("the second", { "x-portkey-metadata": JSON.stringify({ team }) });
  await page.goto("/console/logs");
  const rows = page.getByRole("link", { name: /open this log/ });
  const add = async (name: string) => {
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
  };

  await add("Metadata");
  await page.getByLabel("Metadata key").fill("team");
  await page.getByLabel("Metadata value").fill(team);
  await page.getByRole("button", { name: "Add" }).click();
  await expect(rows).toHaveCount(2);
  await expect(page).toHaveURL(new RegExp(`meta=team%3D${team}`));

  await page.getByRole("button", { name: /^Metadata/ }).click();
  await page.getByLabel("Metadata key").fill("note");
  await page.getByLabel("Metadata value").fill("a,b=c");
  await page.getByRole("button", { name: "Add" }).click();
  await page.keyboard.press("Escape");
  await expect(rows).toHaveCount(1);

  await add("Tokens");
  await page.getByLabel("At least").fill("9");
  await page.getByLabel("At most").fill("3");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByText("The least must not be above the most.")).toBeVisible();
  await page.getByLabel("At most").fill("100000");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/tokens=9\.\.100000/);
  await add("Cost");
  await page.getByLabel("At most ($)").fill("0.5");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("button", { name: /^Cost ≤ \$0\.5/ })).toBeVisible();
  for (const [name, label, value] of [["Prompt", "Prompt slug", "greeter"], ["Trace", "Trace id", first.trace], ["Span", "Span id", "span-1"]] as const) {
    await add(name);
    await page.getByRole("textbox", { name: label }).fill(value);
    await page.keyboard.press("Enter");
  }
  await expect(rows).toHaveCount(1);
  await page.reload();
  await expect(rows).toHaveCount(1);
  await add("Feedback");
  await page.getByLabel("At least").fill("5");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByText("No request matches these filters")).toBeVisible();
  await page.request.post("/v1/feedback", { data: { trace_id: first.trace, value: 7 } });
  await expect(rows).toHaveCount(1);

  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(page).not.toHaveURL(/meta|tokens|cost|span|prompt|trace|feedback/);
});

test("filters are saved, applied, renamed and deleted", async ({ page }) => {
  const name = unique("Broken");
  await page.goto("/console/logs?status=error&meta=team%3Dsearch&cost=0.01..&range=7d");
  const saved = page.getByRole("dialog", { name: "Saved filters" });
  await page.getByRole("button", { name: "Saved" }).click();
  await page.getByLabel("Save these filters as").fill(name);
  await page.getByRole("button", { name: "Save filters" }).click();
  await expect(saved.getByRole("button", { name, exact: false }).first()).toBeVisible();

  const list = (await (await page.request.get("/v1/logs/filters")).json()) as { data: { name: string; filters: unknown; shared: boolean }[] };
  expect(list.data.find((f) => f.name === name)).toMatchObject({ shared: true, filters: { status: "error", cost_min: "1", metadata: '{"team":"search"}' } });

  await page.goto("/console/logs?provider=openai&range=1h");
  await page.getByRole("button", { name: "Saved" }).click();
  await saved.getByRole("button", { name: `Rename ${name}` }).click();
  await saved.getByLabel("New name").fill(`${name} again`);
  await page.keyboard.press("Enter");
  await saved.getByRole("button", { name: new RegExp(`^${name} again`) }).click();
  await expect(page).toHaveURL(/status=error/);
  await expect(page).toHaveURL(/cost=0\.01\.\./);
  await expect(page).toHaveURL(/range=1h/);
  await expect(page).not.toHaveURL(/provider=/);

  await page.getByRole("button", { name: "Saved" }).click();
  await saved.getByRole("button", { name: `Delete ${name} again` }).click();
  await page.getByRole("dialog", { name: "Delete saved filter" }).getByRole("button", { name: "Delete filter" }).click();
  await page.getByRole("button", { name: "Saved" }).click();
  await expect(saved).toBeVisible();
  await expect(saved.getByText(name)).toHaveCount(0);
});

test("what comes while the pointer is over the list waits, and is counted", async ({ page, sendChat }) => {
  const word = unique("hover");
  for (let i = 0; i < 3; i++) await sendChat(word);
  await page.goto(`/console/logs?q=${word}&range=all`);
  const rows = page.getByRole("link", { name: /open this log/ });
  await expect(rows).toHaveCount(3);
  const first = page.locator("tbody tr").first();
  await first.hover();
  const id = await first.getAttribute("id");
  await sendChat(word);
  await sendChat(word);
  const waiting = page.getByRole("button", { name: "2 new requests" });
  await expect(waiting).toBeVisible();
  await expect(rows).toHaveCount(3);
  expect(await page.locator("tbody tr").first().getAttribute("id")).toBe(id);
  await waiting.click();
  await expect(rows).toHaveCount(5);
  await sendChat(word);
  await expect(page.getByRole("button", { name: "1 new request" })).toBeVisible();
  await page.getByRole("heading", { name: "Logs", level: 1 }).hover();
  await expect(rows).toHaveCount(6);
});

test("two requests are compared field by field and line by line", async ({ page, send }) => {
  const word = unique("compare");
  await send(`${word} one`);
  await send(`${word} two`);
  await page.goto(`/console/logs?q=${word}&paused=1`);
  await expect(page.getByRole("checkbox")).toHaveCount(2);
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect(page.getByText("Choose a second request")).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("c");
  await expect(page).toHaveURL(/\/logs\/compare\?a=.+&b=/);
  const table = page.getByRole("table", { name: "Fields of both requests" });
  await expect(table.getByRole("row").filter({ hasText: "Metadata asked" })).toContainText(`${word} two${word} one`);
  await expect(table.getByRole("row").filter({ hasText: "Metadata asked" })).toContainText("differs");
  await expect(table.getByRole("row").filter({ hasText: "Provider" })).not.toContainText("differs");
  await page.getByLabel("Only what differs").check();
  await expect(table.getByRole("row").filter({ hasText: "Provider" })).toHaveCount(0);
  await expect(page.locator(".cm-mergeView").first().locator(".cm-changedLine").first()).toContainText("two");
});

test("copy as curl has this address and no secret", async ({ page, send }) => {
  const { id } = await send("for curl", { "x-portkey-virtual-key": "mock" });
  await page.goto(`/console/logs/${id}`);
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain(`'${new URL(page.url()).origin}/v1/chat/completions'`);
  expect(text).toContain('-H "x-portkey-api-key: $PORTICO_API_KEY"');
  expect(text).toContain("for curl");
  expect(text).not.toContain("ptk_");
});

test("a request is replayed, edited, with a pasted key, and its new log is a press away", async ({ page, send }) => {
  const { id } = await send("as it was");
  const key = await createKey(page.request, ["completions.write"]);
  await page.goto(`/console/logs/${id}`);
  await page.getByRole("button", { name: "Replay" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay the request" });
  const editor = dialog.getByRole("textbox", { name: "Request body, as JSON" });
  await expect(editor).toContainText("as it was");
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();

  await dialog.getByLabel("Workspace API key").fill("not-a-key");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(dialog.getByRole("alert")).toContainText(/Invalid API Key/);
  await expect(page).toHaveURL(new RegExp(id));

  await editor.click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText("{ broken");
  await expect(dialog.getByText("The body is not JSON yet.")).toBeVisible();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText('{"model": "@mock/mock-gpt", "stream": true, "messages": [{"role": "user", "content": "as it is now"}]}');
  await dialog.getByLabel("Workspace API key").fill(key.key);
  const sent = page.waitForRequest("**/v1/chat/completions");
  await dialog.getByRole("button", { name: "Send" }).click();
  expect((await (await sent).allHeaders())["cookie"]).toBeUndefined();
  const answer = dialog.getByRole("region", { name: "Answer" });
  await expect(answer).toContainText("as it is now");
  await expect(answer).toContainText(/done in/);
  expect(await page.evaluate((secret) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(secret), key.key)).toBe(false);

  await dialog.getByRole("link", { name: "Open the new log" }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page.getByText("as it is now").first()).toBeVisible();

  // The key is still there for the next replay, and gone after a reload.
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(dialog.getByLabel("Workspace API key")).toHaveValue(key.key);
  await page.reload();
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(dialog.getByLabel("Workspace API key")).toHaveValue("");
  await dialog.getByRole("button", { name: "Make one for an hour" }).click();
  await expect(dialog.getByLabel("Workspace API key")).not.toHaveValue("");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(answer).toContainText(/done in/);
  const keys = (await (await page.request.get("/v1/api-keys?page_size=500")).json()) as { data: { name: string; expires_at: string | null; scopes: string[] }[] };
  const made = keys.data.find((k) => k.name.startsWith("Replays from the console"));
  expect(made?.scopes).toEqual(["completions.write"]);
  expect(Date.parse(made?.expires_at ?? "")).toBeLessThan(Date.now() + 3_700_000);
});

test("feedback is given in the detail and shown there", async ({ page, send }) => {
  const { id, trace } = await send("rate me");
  await page.goto(`/console/logs/${id}`);
  await page.getByRole("button", { name: "Good (+5)" }).click();
  await expect(page.getByText("Feedback recorded")).toBeVisible();
  await page.getByRole("tab", { name: /Feedback/ }).click();
  await expect(page.getByRole("tabpanel")).toContainText("+5");
  await page.getByRole("slider").fill("-7");
  await page.getByLabel("Weight").fill("0.5");
  await page.getByLabel("Comment").fill("not what I asked");
  await page.getByRole("button", { name: "Record feedback" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "not what I asked" })).toContainText("−7");
  const log = (await (await page.request.get(`/v1/logs/${id}`)).json()) as { feedback: { value: number; weight: number; trace_id: string }[] };
  expect(log.feedback.map((f) => [f.value, f.weight, f.trace_id])).toEqual([[-7, 0.5, trace], [5, 1, trace]]);
});

test("an export takes the filters along, and its file has the rows", async ({ page, send }) => {
  const team = unique("exported");
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await send(`row ${i}`, { "x-portkey-metadata": JSON.stringify({ team }) })).id);
  await page.goto(`/console/logs?meta=team%3D${team}&range=1h`);
  await page.getByRole("link", { name: "Export", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "New export" });
  await expect(dialog.getByText("3 requests will be written.")).toBeVisible();
  await expect(dialog.getByRole("button", { name: /^Metadata/ })).toContainText(team);
  await dialog.getByRole("textbox", { name: /^Name/ }).fill(team);
  await dialog.getByRole("button", { name: "None" }).click();
  await expect(dialog.getByRole("button", { name: "Start export" })).toBeDisabled();
  for (const field of ["id", "request"]) await dialog.getByRole("checkbox", { name: field, exact: true }).check();
  await dialog.getByRole("button", { name: "Start export" }).click();
  const row = page.getByRole("row").filter({ hasText: team });
  await expect(row).toContainText("Done");
  await expect(row).toContainText("1 file");
  await expect(row).toContainText("expires in");
  await expect(page).not.toHaveURL(/meta=/);
  const download = page.waitForEvent("download");
  await row.getByRole("button", { name: "Download" }).click();
  const lines = readFileSync(await (await download).path(), "utf8").trim().split("\n").map((l) => JSON.parse(l) as { id: string; request: { body: { messages: { content: string }[] } } });
  expect(lines.map((l) => l.id).sort()).toEqual(ids.sort());
  expect(lines[0]?.request.body.messages[0]?.content).toMatch(/^row/);

  await row.getByRole("button", { name: /^Actions/ }).click();
  await page.getByRole("menuitem", { name: "Show in the logs" }).click();
  await expect(page.getByRole("link", { name: /open this log/ })).toHaveCount(3);
  await page.goBack();
  await row.getByRole("button", { name: /^Actions/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog", { name: "Delete export" }).getByRole("button", { name: "Delete export" }).click();
  await expect(row).toHaveCount(0);
});

test("an export shows how far it is, is cancelled, and says why it failed", async ({ page }) => {
  const one = { format: "csv", filters: { status: "error" }, requested_data: ["id"], total: 10, rows: 4, files: [], error: "", description: "Slow one", created_at: new Date().toISOString(), expires_at: null };
  let status = "in_progress";
  const failed = { ...one, id: "b", status: "failed", description: "Broken one", error: "the disk is nearly full; free some space and start the export again" };
  await page.route("**/v1/logs/exports?**", (route) => route.fulfill({ json: { object: "list", total: 2, data: [{ ...one, id: "a", status }, failed] } }));
  await page.route("**/v1/logs/exports/a/cancel", (route) => {
    status = "stopped";
    return route.fulfill({ json: { message: "The export has been cancelled", object: "export" } });
  });
  await page.goto("/console/exports");
  const row = page.getByRole("row").filter({ hasText: "Slow one" });
  await expect(row.getByRole("progressbar", { name: "4 of 10 rows" })).toBeVisible();
  await row.getByRole("button", { name: "Cancel" }).click();
  await expect(row).toContainText("Cancelled");
  await expect(page.getByRole("row").filter({ hasText: "Broken one" })).toContainText("the disk is nearly full");
});
