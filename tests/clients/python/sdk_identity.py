"""Authentication, users, groups, service principals, tokens and permissions through the official SDK."""

import os
import tempfile

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied, Unauthenticated
from databricks.sdk.service import iam

from checks import check, expect_error, skip


def client(context, **options):
    """A client that takes nothing from the configuration file."""
    saved = os.environ.pop("DATABRICKS_CONFIG_FILE", None)
    try:
        return WorkspaceClient(host=context.host, **options)
    finally:
        os.environ["DATABRICKS_CONFIG_FILE"] = saved


@check("a personal access token given to the client signs in")
def personal_token(context):
    me = client(context, token=context.token).current_user.me()
    assert me.user_name == context.user, me
    assert me.active and me.id and me.emails[0].value == context.user, me
    assert "admins" in [group.display for group in me.groups], me.groups


@check("a profile of .databrickscfg signs in")
def profile(context):
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(f"[mine]\nhost = {context.host}/\ntoken = {context.token}\n")
        file.flush()
        w = WorkspaceClient(profile="mine", config_file=file.name)
        assert w.config.auth_type == "pat", w.config.auth_type
        assert w.current_user.me().user_name == context.user


@check("the workspace id is a number that does not change")
def workspace_id(context):
    first = context.w.get_workspace_id()
    assert isinstance(first, int) and first > 0, first
    assert first == client(context, token=context.token).get_workspace_id()


@check("a wrong token is Unauthenticated")
def wrong_token(context):
    error = expect_error(
        Unauthenticated, lambda: client(context, token="dapi0123456789abcdef").current_user.me()
    )
    assert error.error_code == "UNAUTHENTICATED", error.error_code


@check("a service principal is made, given a secret and signs in with it (M2M)")
def machine_to_machine(context):
    principal = context.w.service_principals.create(display_name=f"robot {context.label}", active=True)
    assert principal.application_id and principal.id.isdigit(), principal
    context.principal = principal
    context.secret = new_secret(context, principal.id)
    robot = client(context, client_id=principal.application_id, client_secret=context.secret)
    context.robot = robot
    assert robot.config.auth_type == "oauth-m2m", robot.config.auth_type
    me = robot.current_user.me()
    assert me.user_name == principal.application_id, me


def new_secret(context, principal_id):
    if hasattr(context.w, "service_principal_secrets_proxy"):
        created = context.w.service_principal_secrets_proxy.create(service_principal_id=principal_id, lifetime="3600s")
        assert created.id and created.secret and created.status == "ACTIVE", created
        listed = list(context.w.service_principal_secrets_proxy.list(service_principal_id=principal_id))
        assert [item.id for item in listed] == [created.id], listed
        return created.secret
    path = f"/api/2.0/accounts/servicePrincipals/{principal_id}/credentials/secrets"
    return context.w.api_client.do("POST", path, body={})["secret"]


@check("config.oauth_token() gives a service principal's access token")
def oauth_token(context):
    if not hasattr(context.robot.config, "oauth_token"):
        skip(f"databricks-sdk {context.version} has no config.oauth_token")
    token = context.robot.config.oauth_token()
    assert token.access_token.count(".") == 2, "the access token is a JWT"
    assert token.token_type == "Bearer" and token.valid, token
    assert client(context, token=token.access_token).current_user.me().user_name == context.principal.application_id


@check("a wrong client secret is refused with the server's words")
def wrong_secret(context):
    robot = client(context, client_id=context.principal.application_id, client_secret="dose0000")
    error = expect_error(Exception, lambda: robot.current_user.me())
    assert "invalid_client" in str(error), error


@check("a service principal's other secret can be revoked, and stops working")
def revoked_secret(context):
    if not hasattr(context.w, "service_principal_secrets_proxy"):
        skip(f"databricks-sdk {context.version} has no service_principal_secrets_proxy")
    secrets = context.w.service_principal_secrets_proxy
    other = secrets.create(service_principal_id=context.principal.id)
    secrets.delete(service_principal_id=context.principal.id, secret_id=other.id)
    robot = client(context, client_id=context.principal.application_id, client_secret=other.secret)
    expect_error(Exception, lambda: robot.current_user.me(), message="invalid_client")


@check("service principals are listed, filtered, read, patched and replaced")
def service_principals(context):
    w, principal = context.w, context.principal
    found = list(w.service_principals.list(filter=f'applicationId eq "{principal.application_id}"'))
    assert [item.id for item in found] == [principal.id], found
    assert principal.id in [item.id for item in w.service_principals.list(count=1)], "paging ends early"
    w.service_principals.patch(
        id=principal.id,
        operations=[iam.Patch(op=iam.PatchOp.REPLACE, path="displayName", value=f"renamed {context.label}")],
        schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP],
    )
    assert w.service_principals.get(principal.id).display_name == f"renamed {context.label}"
    w.service_principals.update(
        id=principal.id,
        application_id=principal.application_id,
        display_name=f"robot {context.label}",
        active=True,
    )
    assert w.service_principals.get(principal.id).display_name == f"robot {context.label}"


@check("users are created, listed with a filter, patched and deleted")
def users(context):
    w = context.w
    name = f"user-{context.label}@example.com".lower()
    user = w.users.create(user_name=name, display_name="A user", name=iam.Name(given_name="A", family_name="User"))
    assert user.user_name == name and user.id, user
    assert [item.id for item in w.users.list(filter=f'userName eq "{name}"')] == [user.id]
    assert [item.id for item in w.users.list(filter="userName sw user-", attributes="id,userName")]
    w.users.patch(
        id=user.id,
        operations=[iam.Patch(op=iam.PatchOp.REPLACE, value={"active": False})],
        schemas=[iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP],
    )
    assert w.users.get(user.id).active is False
    w.users.update(id=user.id, user_name=name, display_name="Another", active=True)
    assert w.users.get(user.id).display_name == "Another"
    w.users.delete(user.id)
    expect_error(NotFound, lambda: w.users.get(user.id))


@check("groups hold members, by the SCIM patches that the SDK sends")
def groups(context):
    w, member = context.w, context.principal.id
    group = w.groups.create(display_name=f"team {context.label}", members=[iam.ComplexValue(value=member)])
    context.group = group
    assert [item.value for item in w.groups.get(group.id).members] == [member]
    schemas = [iam.PatchSchema.URN_IETF_PARAMS_SCIM_API_MESSAGES_2_0_PATCH_OP]
    remove = iam.Patch(op=iam.PatchOp.REMOVE, path=f'members[value eq "{member}"]')
    w.groups.patch(id=group.id, operations=[remove], schemas=schemas)
    assert not w.groups.get(group.id).members
    add = iam.Patch(op=iam.PatchOp.ADD, value={"members": [{"value": member}]})
    w.groups.patch(id=group.id, operations=[add], schemas=schemas)
    assert [item.value for item in w.groups.get(group.id).members] == [member]
    assert [item.id for item in w.groups.list(filter=f'displayName eq "team {context.label}"')] == [group.id]
    names = [item.display for item in context.robot.current_user.me().groups]
    assert f"team {context.label}" in names, names


@check("the second generation of the SCIM services finds the same principals")
def second_generation(context):
    w = context.w
    if not hasattr(w, "users_v2"):
        skip(f"databricks-sdk {context.version} has no users_v2")
    assert [item.id for item in w.users_v2.list(filter=f'userName eq "{context.user}"')]
    assert w.groups_v2.get(context.group.id).display_name == f"team {context.label}"
    assert w.service_principals_v2.get(context.principal.id).application_id == context.principal.application_id


@check("tokens are created, used, listed and revoked")
def tokens(context):
    w = context.w
    created = w.tokens.create(comment=f"for {context.label}", lifetime_seconds=600)
    assert client(context, token=created.token_value).current_user.me().user_name == context.user
    mine = [item for item in w.tokens.list() if item.token_id == created.token_info.token_id]
    assert mine and mine[0].comment == f"for {context.label}", mine
    assert mine[0].expiry_time - mine[0].creation_time == 600_000, mine
    w.tokens.delete(token_id=created.token_info.token_id)
    expect_error(Unauthenticated, lambda: client(context, token=created.token_value).current_user.me())


@check("what only admins may do is PermissionDenied to a service principal")
def not_an_admin(context):
    expect_error(
        PermissionDenied,
        lambda: context.robot.users.create(user_name=f"not-{context.label}@example.com"),
        error_code="PERMISSION_DENIED",
    )


@check("permissions of an object are levels, set, updated and read")
def permissions(context):
    w = context.w
    folder = f"/Users/{context.user}/shared-{context.label}"
    w.workspace.mkdirs(folder)
    number = str(w.workspace.get_status(folder).object_id)
    levels = w.permissions.get_permission_levels("directories", number).permission_levels
    assert "CAN_MANAGE" in [level.permission_level.value for level in levels], levels
    grant = iam.AccessControlRequest(
        service_principal_name=context.principal.application_id, permission_level=iam.PermissionLevel.CAN_READ
    )
    expect_error(Exception, lambda: context.robot.workspace.get_status(folder))
    w.permissions.update("directories", number, access_control_list=[grant])
    held = w.permissions.get("directories", number)
    assert context.principal.application_id in [item.service_principal_name for item in held.access_control_list], held
    assert context.robot.workspace.get_status(folder).object_id == int(number)
    w.permissions.set("directories", number, access_control_list=[])
    held = w.permissions.get("directories", number)
    assert context.principal.application_id not in [item.service_principal_name for item in held.access_control_list]


@check("a broken SCIM filter is a BadRequest")
def broken_filter(context):
    expect_error(BadRequest, lambda: context.w.users.list(filter="userName eq"))


@check("an unknown path is ENDPOINT_NOT_FOUND")
def unknown_path(context):
    expect_error(
        NotFound,
        lambda: context.w.api_client.do("GET", "/api/2.0/no-such-thing"),
        error_code="ENDPOINT_NOT_FOUND",
        message="No API found for 'GET /api/2.0/no-such-thing'",
    )
