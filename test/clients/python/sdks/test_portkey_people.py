"""The organisation's people through Portkey's SDK."""

import urllib.parse

import pytest
from portkey_ai import Portkey

import rig

EMAIL = "margaret.python@example.com"


@pytest.fixture(scope="module")
def admin():
    return Portkey(api_key=rig.ADMIN_KEY, base_url=rig.BASE_URL).admin


@pytest.fixture
def workspace(admin):
    made = admin.workspaces.create(name="Python people", description="d", defaults={"metadata": {"team": "py"}})
    yield made
    admin.workspaces.delete(workspace_id=made.slug)


def _gone(call, **kwargs):
    with pytest.raises(Exception, match="(?i)not found") as e:
        call(**kwargs)
    assert e.value.status_code == 404


def _accept(link):
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["token"][0]
    body = {"token": token, "name": "Margaret Hamilton", "password": "a long enough password"}
    return rig.post("/console/invite", body)


def test_workspaces(admin):
    made = admin.workspaces.create(name="Python", defaults={"metadata": {"team": "py"}})
    assert made.slug.startswith("ws-python-")
    assert admin.workspaces.retrieve(workspace_id=made.id).slug == made.slug
    admin.workspaces.update(workspace_id=made.slug, name="Snake", defaults={"metadata": {"team": "snake"}})
    listed = admin.workspaces.list(exact_name="Snake", page_size=5)
    assert (listed.total, listed.data[0].slug) == (1, made.slug)
    admin.workspaces.delete(workspace_id=made.slug, name="Snake")
    _gone(admin.workspaces.retrieve, workspace_id=made.slug)


def test_a_person_comes_and_goes(admin, workspace):
    invites, users, members = admin.users.invites, admin.users, admin.workspaces.users
    made = invites.create(email=EMAIL, role="member", workspaces=[{"id": workspace.slug, "role": "member"}])
    assert invites.retrieve(invite_id=made.id).status == "pending"
    assert invites.list(email=EMAIL, status="pending").total == 1
    invites.resend(invite_id=made.id)
    invites.delete(invite_id=made.id)
    assert invites.retrieve(invite_id=made.id).status == "cancelled"

    made = invites.create(email=EMAIL, role="member", workspaces=[{"id": workspace.slug, "role": "member"}])
    user_id = _accept(made.invite_link)["user"]["id"]
    user = users.retrieve(user_id=user_id)
    assert (user.first_name, user.last_name, user.role, user.email) == ("Margaret", "Hamilton", "member", EMAIL)
    assert user.workspace_ids == [workspace.id]
    assert users.list(email=EMAIL, page_size=3).total == 1

    assert members.retrieve(workspace_id=workspace.slug, user_id=user_id).role == "member"
    members.update(workspace_id=workspace.slug, user_id=user_id, role="manager")
    assert members.list(workspace_id=workspace.slug, role="manager").total == 1
    members.delete(workspace_id=workspace.slug, user_id=user_id)
    _gone(members.retrieve, workspace_id=workspace.slug, user_id=user_id)
    members.create(workspace_id=workspace.slug, users=[{"id": user_id, "role": "admin"}])

    users.update(user_id=user_id, role="admin")
    assert users.retrieve(user_id=user_id).role == "admin"
    users.delete(user_id=user_id)
    _gone(users.retrieve, user_id=user_id)
