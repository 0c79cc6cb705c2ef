// The organisation's people through Portkey's SDK: workspaces, members, users
// and invites, created, read, changed and deleted.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Portkey as Portkey3 } from "portkey-ai";
import { Portkey as Portkey1 } from "portkey-ai-1";

import { adminKey, baseURL, call, origin, ownerOf, workspaceKey } from "./rig/portico.js";
import { rejects } from "./rig/rejects.js";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Opens an invite's link as the console's page does, and joins. */
async function join(link, name) {
  const url = new URL(link);
  assert.equal(url.origin + url.pathname, `${origin}/console/invite`);
  const token = url.searchParams.get("token");
  const { status, body } = await call("POST", "/console/invite", { key: "", body: { token, name, password: "a long enough password" } });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

for (const [version, Portkey] of [["3.x", Portkey3], ["1.x", Portkey1]]) {
  describe(`portkey-ai ${version}`, () => {
    const portkey = () => new Portkey({ apiKey: adminKey, baseURL });
    const address = (name) => `${name}.${version.replace(/\W/g, "")}@example.com`;

    test("a workspace lives from create to delete", async () => {
      const { workspaces } = portkey().admin;
      const made = await workspaces.create({ name: `Search ${version}`, description: "of documents", defaults: { metadata: { team: "search" } } });
      assert.match(made.id, uuid);
      assert.match(made.slug, /^ws-search-[0-9a-f]{6}$/);
      assert.equal(made.object, "workspace");
      for (const workspaceId of [made.id, made.slug]) {
        const read = await workspaces.retrieve({ workspaceId });
        assert.equal(read.name, `Search ${version}`);
        assert.equal(read.defaults.metadata.team, "search");
        assert.match(read.created_at, timestamp);
        assert.deepEqual([...read.users], []);
      }
      await workspaces.update({ workspaceId: made.slug, name: `Find ${version}`, defaults: { metadata: { team: "find" } } });
      const listed = await workspaces.list({ exact_name: `Find ${version}`, page_size: 10, current_page: 0 });
      assert.equal(listed.total, 1);
      assert.equal(listed.data[0].slug, made.slug);
      assert.equal(listed.data[0].defaults.metadata.team, "find");

      const config = await portkey().configs.create({ name: "c", config: { retry: { attempts: 1 } }, workspace_id: made.id });
      assert.match(config.slug, /^pc-/);
      await rejects(workspaces.delete({ workspaceId: made.slug }), "ConflictError", 409, /force_delete/);
      await workspaces.delete({ workspaceId: made.slug, name: `Find ${version}`, force_delete: true });
      await rejects(workspaces.retrieve({ workspaceId: made.slug }), "NotFoundError", 404, /not found/i);
    });

    test("a person is invited, joins, changes and goes", async () => {
      const { users, workspaces } = portkey().admin;
      const workspace = await workspaces.create({ name: `People ${version}` });
      const invited = await users.invites.create({
        email: address("grace"), role: "member", workspaces: [{ id: workspace.slug, role: "manager" }],
        workspace_api_key_details: { scopes: ["logs.view", "logs.list"] },
      });
      assert.match(invited.id, uuid);
      const pending = await users.invites.retrieve({ inviteId: invited.id });
      assert.deepEqual([pending.object, pending.email, pending.role, pending.status], ["invite", address("grace"), "member", "pending"]);
      const found = await users.invites.list({ email: address("grace"), status: "pending", pageSize: 5, currentPage: 0 });
      assert.deepEqual([found.total, found.data[0].id], [1, invited.id]);
      const again = await users.invites.resend({ inviteId: invited.id });
      assert.notEqual(again.inviteLink, invited.invite_link);

      const joined = await join(again.inviteLink, "Grace Hopper");
      const key = joined.api_keys[0].key;
      assert.equal((await call("GET", "/logs", { key })).status, 200);
      const userId = joined.user.id;
      const user = await users.retrieve({ userId });
      assert.deepEqual([user.first_name, user.last_name, user.role, user.email], ["Grace", "Hopper", "member", address("grace")]);
      assert.deepEqual([...user.workspace_ids], [workspace.id]);
      assert.equal((await users.list({ email: address("grace") })).total, 1);

      const member = await workspaces.users.retrieve({ workspaceId: workspace.slug, userId });
      assert.deepEqual([member.object, member.role, member.org_role, member.workspace_id], ["workspace-user", "manager", "member", workspace.id]);
      await workspaces.users.update({ workspaceId: workspace.slug, userId, role: "member" });
      const members = await workspaces.users.list({ workspaceId: workspace.slug, role: "member" });
      assert.deepEqual([members.total, members.data[0].id], [1, userId]);
      await workspaces.users.delete({ workspaceId: workspace.slug, userId });
      assert.equal((await call("GET", "/logs", { key })).status, 401, "their key goes with them");
      await rejects(workspaces.users.retrieve({ workspaceId: workspace.slug, userId }), "NotFoundError", 404, /not found/i);
      await workspaces.users.create({ workspaceId: workspace.slug, users: [{ id: userId, role: "admin" }] });

      await users.update({ userId, role: "admin" });
      assert.equal((await users.retrieve({ userId })).role, "admin");
      await users.delete({ userId });
      await rejects(users.retrieve({ userId }), "NotFoundError", 404, /not found/i);
      await workspaces.delete({ workspaceId: workspace.slug });
    });

    test("an invite that is deleted is dead", async () => {
      const { invites } = portkey().admin.users;
      const { id, invite_link: link } = await invites.create({ email: address("linus"), role: "admin", workspaces: [] });
      await invites.delete({ inviteId: id });
      assert.equal((await invites.retrieve({ inviteId: id })).status, "cancelled");
      const token = new URL(link).searchParams.get("token");
      assert.equal((await call("GET", `/console/invite?token=${token}`, { key: "" })).status, 403);
      await rejects(invites.resend({ inviteId: id }), "ConflictError", 409, /cancelled/);
    });

    test("what keys may not do", async () => {
      const owner = await ownerOf();
      await rejects(portkey().admin.users.delete({ userId: owner.id }), "PermissionDeniedError", 403, /owner/);
      await rejects(portkey().admin.users.update({ userId: owner.id, role: "member" }), "PermissionDeniedError", 403, /owner/);
      const inside = new Portkey({ apiKey: workspaceKey, baseURL });
      await rejects(inside.admin.users.list({}), "PermissionDeniedError", 403, /organisation_users\.list/);
      await rejects(inside.admin.workspaces.create({ name: "No" }), "PermissionDeniedError", 403, /workspaces\.create/);
    });
  });
}
