"""Secret scopes, and the deployments that bundles record."""

import base64

from databricks.sdk.errors import Aborted, NotFound
from databricks.sdk.errors.platform import ResourceAlreadyExists
from databricks.sdk.service.workspace import AclPermission

from checks import check, expect_error, skip


@check("secrets are kept, listed without values, given out as base64, and gone with their scope")
def secrets(context):
    api = context.w.secrets
    scope = f"py-{context.label}"
    api.create_scope(scope)
    expect_error(ResourceAlreadyExists, lambda: api.create_scope(scope), "RESOURCE_ALREADY_EXISTS")
    api.put_secret(scope, "text", string_value="sïx")
    api.put_secret(scope, "bytes", bytes_value=base64.b64encode(bytes(range(256))).decode())
    assert [secret.key for secret in api.list_secrets(scope)] == ["bytes", "text"]
    assert base64.b64decode(api.get_secret(scope, "bytes").value) == bytes(range(256))
    assert base64.b64decode(api.get_secret(scope, "text").value).decode() == "sïx"
    api.put_acl(scope, "users", AclPermission.READ)
    acls = {acl.principal: acl.permission for acl in api.list_acls(scope)}
    assert acls == {context.user: AclPermission.MANAGE, "users": AclPermission.READ}, acls
    api.delete_acl(scope, "users")
    api.delete_secret(scope, "text")
    expect_error(NotFound, lambda: api.get_secret(scope, "text"), "RESOURCE_DOES_NOT_EXIST")
    api.delete_scope(scope)
    assert scope not in [each.name for each in api.list_scopes()]


@check("a bundle's deployment: versions with a lock, operations, resources")
def bundle_deployments(context):
    api = getattr(context.w, "bundle_deployments", None)
    if not hasattr(api, "update_operation"):
        skip(f"databricks-sdk {context.version} has no bundle_deployments.update_operation")
    from databricks.sdk.common.types.fieldmask import FieldMask
    from databricks.sdk.service import bundledeployments as bundles

    deploy = bundles.VersionType.VERSION_TYPE_DEPLOY
    planned = bundles.StagedOperation("apps.web", bundles.OperationActionType.OPERATION_ACTION_TYPE_CREATE)
    made = api.create_deployment(bundles.Deployment(target_name="dev", initial_parent_path="/Workspace/Shared"))
    first = bundles.Version(cli_version="1", version_type=deploy, operations=[planned])
    version = api.create_version(made.name, first, "1")
    second = bundles.Version(cli_version="1", version_type=deploy, previous_version_id="1")
    expect_error(Aborted, lambda: api.create_version(made.name, second, "2"), "ABORTED")
    assert api.heartbeat(version.name).expire_time is not None
    name = f"{version.name}/operations/apps.web"
    done = bundles.Operation(
        sequence_id=0, state='{"n":1}', resource_id="web", status=bundles.OperationStatus.OPERATION_STATUS_SUCCEEDED
    )
    paths = FieldMask(field_mask=["state", "resource_id", "status"])
    assert api.update_operation(name, done, paths).sequence_id == 1
    expect_error(Aborted, lambda: api.update_operation(name, done, paths), "ABORTED")
    assert [each.state for each in api.list_resources(made.name)] == ['{"n":1}']
    api.complete_version(version.name, bundles.VersionComplete.VERSION_COMPLETE_SUCCESS)
    assert api.get_deployment(made.name).last_successful_version_id == "1"
    api.create_version(made.name, second, "2")
    assert [each.version_id for each in api.list_versions(made.name)] == ["2", "1"]
    api.delete_deployment(made.name)
    assert made.name not in [each.name for each in api.list_deployments()]
