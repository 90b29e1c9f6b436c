"""Apps through the official SDK: create, deploy, stop, start, permissions, delete, with the waiters that the SDK brings."""

import json
import urllib.request

from databricks.sdk.errors import NotFound, ResourceConflict
from databricks.sdk.service import apps
from databricks.sdk.service.workspace import ImportFormat

from checks import check, expect_error, skip

SERVER = """const http = require('node:http')
const body = JSON.stringify({ client: process.env.DATABRICKS_CLIENT_ID, host: process.env.DATABRICKS_HOST })
http.createServer((request, reply) => reply.end(body)).listen(Number(process.env.DATABRICKS_APP_PORT), '0.0.0.0')
"""


def name(context):
    return f"app-{context.label}"


def is_old(context):
    """Before 0.34 the methods took the fields of an app instead of the app."""
    return not hasattr(apps, "AppResource")


def create(context, description):
    if is_old(context):
        return context.w.apps.create_and_wait(name(context), description=description)
    return context.w.apps.create_and_wait(apps.App(name=name(context), description=description))


@check("create_and_wait gives an app with its own service principal")
def create_app(context):
    app = create(context, "made by a test")
    assert app.name == name(context) and app.description == "made by a test", app
    assert app.url.startswith("http"), app.url
    assert app.service_principal_id and app.service_principal_name, app
    assert app.compute_status.state == apps.ComputeState.ACTIVE, app.compute_status
    context.app = app


@check("the same name again is a ResourceConflict")
def create_again(context):
    expect_error(
        ResourceConflict,
        lambda: create(context, "again"),
        error_code="RESOURCE_ALREADY_EXISTS",
        message="An app with the same name already exists",
    )


@check("deploy_and_wait starts the app, and its URL answers")
def deploy(context):
    folder = f"/Workspace/Users/{context.user}/{name(context)}"
    context.w.workspace.mkdirs(folder)
    files = {"server.js": SERVER, "app.yaml": 'command: ["node", "server.js"]\n'}
    for file, content in files.items():
        context.w.workspace.upload(
            f"{folder}/{file}", content.encode(), format=ImportFormat.AUTO, overwrite=True
        )
    if is_old(context):
        deployment = context.w.apps.deploy_and_wait(name(context), source_code_path=folder)
    else:
        deployment = context.w.apps.deploy_and_wait(
            name(context), apps.AppDeployment(source_code_path=folder, mode=apps.AppDeploymentMode.SNAPSHOT)
        )
    assert deployment.status.state == apps.AppDeploymentState.SUCCEEDED, deployment.status
    context.deployment = deployment
    app = context.w.apps.get(name(context))
    assert app.active_deployment.deployment_id == deployment.deployment_id, app
    request = urllib.request.Request(app.url, headers={"Authorization": f"Bearer {context.token}"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        told = json.load(reply)
    assert told["host"].rstrip("/") == context.host, told
    assert told["client"] == getattr(app, "service_principal_client_id", told["client"]), told


@check("deployments are listed and read")
def deployments(context):
    listed = [item.deployment_id for item in context.w.apps.list_deployments(name(context), page_size=1)]
    assert listed == [context.deployment.deployment_id], listed
    read = context.w.apps.get_deployment(name(context), context.deployment.deployment_id)
    assert read.source_code_path == context.deployment.source_code_path, read
    expect_error(NotFound, lambda: context.w.apps.get_deployment(name(context), "no-such-deployment"))


@check("a health check is passed and kept with its deployment")
def health_check(context):
    if not hasattr(apps, "AppHealthCheck"):
        skip(f"databricks-sdk {context.version} has no health checks")
    from google.protobuf.duration_pb2 import Duration

    folder = context.deployment.source_code_path

    def ask(path):
        asked = apps.AppHealthCheck(path=path, timeout=Duration(seconds=20))
        body = apps.AppDeployment(source_code_path=folder, health_check=asked)
        return context.w.apps.deploy_and_wait(name(context), body)

    done = ask("/ready")
    assert done.health_check.path == "/ready", done
    assert done.health_check.timeout.seconds == 20, done
    context.deployment = done


@check("a picture of an app is set and removed")
def thumbnail(context):
    if not hasattr(context.w.apps, "update_app_thumbnail"):
        skip(f"databricks-sdk {context.version} has no pictures of apps")
    import base64

    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 16).decode()
    kept = context.w.apps.update_app_thumbnail(name(context), app_thumbnail=apps.AppThumbnail(thumbnail=picture))
    assert kept.thumbnail == picture, kept
    assert name(context) in context.w.apps.get(name(context)).thumbnail_url
    context.w.apps.delete_app_thumbnail(name(context))
    assert context.w.apps.get(name(context)).thumbnail_url is None


@check("apps are listed page by page")
def list_apps(context):
    listed = [item.name for item in context.w.apps.list(page_size=1)]
    assert name(context) in listed, listed
    assert len(listed) == len(set(listed)), listed


@check("an app's description is updated")
def update(context):
    if is_old(context):
        context.w.apps.update(name(context), description="changed")
    else:
        context.w.apps.update(name(context), apps.App(name=name(context), description="changed"))
    assert context.w.apps.get(name(context)).description == "changed"


@check("create_update_and_wait changes the fields of its mask")
def create_update(context):
    if not hasattr(context.w.apps, "create_update_and_wait"):
        skip(f"databricks-sdk {context.version} has no apps.create_update")
    change = apps.App(name=name(context), description="by an update")
    result = context.w.apps.create_update_and_wait(name(context), "description", app=change)
    assert result.status.state.value == "SUCCEEDED", result
    assert context.w.apps.get(name(context)).description == "by an update"


@check("permissions of an app")
def permissions(context):
    w = context.w
    levels = {level.permission_level.value for level in w.apps.get_permission_levels(name(context)).permission_levels}
    assert {"CAN_USE", "CAN_MANAGE"} <= levels, levels
    robot = context.principal.application_id
    expect_error(Exception, lambda: context.robot.apps.stop(name(context)))
    grant = apps.AppAccessControlRequest(
        service_principal_name=robot, permission_level=apps.AppPermissionLevel.CAN_MANAGE
    )
    w.apps.update_permissions(name(context), access_control_list=[grant])
    held = w.apps.get_permissions(name(context))
    assert robot in [item.service_principal_name for item in held.access_control_list], held
    assert held.object_type == "apps" and held.object_id == f"/apps/{name(context)}", held
    assert context.robot.apps.get(name(context)).name == name(context)
    w.apps.set_permissions(name(context), access_control_list=[])
    held = w.apps.get_permissions(name(context))
    assert robot not in [item.service_principal_name for item in held.access_control_list], held


@check("stop_and_wait and start_and_wait")
def stop_and_start(context):
    stopped = context.w.apps.stop_and_wait(name(context))
    assert (stopped or context.w.apps.get(name(context))).compute_status.state == apps.ComputeState.STOPPED
    started = context.w.apps.start_and_wait(name(context))
    assert started.compute_status.state == apps.ComputeState.ACTIVE, started


@check("a deleted app is NotFound")
def delete(context):
    context.w.apps.delete(name(context))
    expect_error(NotFound, lambda: wait_until_gone(context))


def wait_until_gone(context):
    """Deleting may take a moment, during which the app says so."""
    import time

    for _ in range(60):
        app = context.w.apps.get(name(context))
        assert app.compute_status.state == apps.ComputeState.DELETING, app.compute_status
        time.sleep(0.5)
    raise AssertionError("the app is still there after 30 s")
