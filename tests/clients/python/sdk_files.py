"""Workspace files through the official SDK."""

import base64
import io

from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.errors.platform import ResourceAlreadyExists
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType

from checks import check, expect_error


def folder(context):
    return f"/Workspace/Users/{context.user}/files-{context.label}"


@check("mkdirs makes every folder on the way and may be repeated")
def mkdirs(context):
    context.w.workspace.mkdirs(f"{folder(context)}/a/b")
    context.w.workspace.mkdirs(f"{folder(context)}/a/b")
    status = context.w.workspace.get_status(f"{folder(context)}/a")
    assert status.object_type == ObjectType.DIRECTORY, status
    assert status.object_id > 0, status


@check("an uploaded file is downloaded byte for byte")
def upload(context):
    content = bytes(range(256)) * 100
    path = f"{folder(context)}/a/äöü with spaces + plus.bin"
    context.w.workspace.upload(path, io.BytesIO(content), format=ImportFormat.AUTO)
    with context.w.workspace.download(path) as file:
        assert file.read() == content
    status = context.w.workspace.get_status(path)
    assert status.object_type == ObjectType.FILE and status.path.endswith("+ plus.bin"), status


@check("an existing file is replaced only with overwrite")
def overwrite(context):
    path = f"{folder(context)}/once.txt"
    context.w.workspace.upload(path, b"one", format=ImportFormat.AUTO)
    expect_error(
        ResourceAlreadyExists,
        lambda: context.w.workspace.upload(path, b"two", format=ImportFormat.AUTO),
        error_code="RESOURCE_ALREADY_EXISTS",
    )
    context.w.workspace.upload(path, b"three", format=ImportFormat.AUTO, overwrite=True)
    assert context.w.workspace.download(path).read() == b"three"


@check("import and export carry base64")
def import_export(context):
    path = f"{folder(context)}/imported.txt"
    context.w.workspace.import_(
        path, content=base64.b64encode(b"hello").decode(), format=ImportFormat.AUTO, overwrite=True
    )
    exported = context.w.workspace.export(path, format=ExportFormat.AUTO)
    assert base64.b64decode(exported.content) == b"hello", exported


@check("a source file imported as a notebook is one, and is exported with its first line")
def notebook(context):
    path = f"{folder(context)}/a notebook"
    source = "# Databricks notebook source\nprint(1)\n"
    context.w.workspace.upload(
        path, source.encode(), format=ImportFormat.SOURCE, language=Language.PYTHON, overwrite=True
    )
    status = context.w.workspace.get_status(path)
    assert status.object_type == ObjectType.NOTEBOOK and status.language == Language.PYTHON, status
    assert context.w.workspace.download(path, format=ExportFormat.SOURCE).read().decode().startswith("# Databricks")


@check("list shows a folder, and everything below it when recursive")
def list_folder(context):
    names = {item.path.rsplit("/", 1)[1] for item in context.w.workspace.list(folder(context))}
    assert {"a", "once.txt", "imported.txt", "a notebook"} <= names, names
    below = [item.path for item in context.w.workspace.list(folder(context), recursive=True)]
    assert any(path.endswith("+ plus.bin") for path in below), below
    assert all(path.startswith(folder(context)) for path in below), below
    assert list(context.w.workspace.list(f"{folder(context)}/a/b")) == []


@check("deleting keeps a full folder unless told, and missing paths are NotFound")
def delete(context):
    error = expect_error(
        BadRequest, lambda: context.w.workspace.delete(folder(context)), error_code="DIRECTORY_NOT_EMPTY"
    )
    assert "is not empty" in str(error), error
    context.w.workspace.delete(f"{folder(context)}/once.txt")
    expect_error(
        NotFound,
        lambda: context.w.workspace.get_status(f"{folder(context)}/once.txt"),
        error_code="RESOURCE_DOES_NOT_EXIST",
        message="doesn't exist",
    )
    context.w.workspace.delete(folder(context), recursive=True)
    expect_error(NotFound, lambda: context.w.workspace.list(folder(context)))
