import type { Body, Answer } from "../src/api/types.ts";
import { expect, expectAccessible, test, unique } from "./fixtures.ts";

test.skip(!process.env["PORTICO_E2E_URL"], "the fake server knows no invites");

test("an invited person sets a password, copies their key and is in", async ({ page, browser }) => {
  const session = (await (await page.request.get("/v1/console/session")).json()) as Answer<"getSession">;
  const email = `${unique("grace")}@example.com`;
  const invite: Body<"createInvite"> = {
    email,
    role: "member",
    workspaces: [{ id: session.workspace!.id, role: "member" }],
    workspace_api_key_details: { scopes: ["completions.write"] },
  };
  const made = await page.request.post("/v1/admin/users/invites", { data: invite });
  expect(made.ok(), await made.text()).toBe(true);
  const { invite_link: link } = (await made.json()) as Answer<"createInvite">;

  const guest = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const theirs = await guest.newPage();
  await theirs.goto(link);
  await expect(theirs.getByRole("heading", { name: /^Join / })).toBeVisible();
  await expect(theirs.getByText(email)).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await theirs.emulateMedia({ colorScheme });
    await expectAccessible(theirs);
  }
  await theirs.getByLabel("Name").fill("Grace Hopper");
  await theirs.getByLabel("Password").fill("a long enough password");
  await theirs.keyboard.press("Enter");
  await expect(theirs.getByRole("heading", { name: "Your API keys" })).toBeVisible();
  await expectAccessible(theirs);
  await theirs.getByRole("button", { name: "Open the console" }).click();
  await expect(theirs.getByRole("heading", { name: "Overview", level: 1 })).toBeVisible();

  await theirs.goto(link); // it works once
  await expect(theirs.getByRole("alert")).toContainText("invitation does not work");
  await guest.close();
});
