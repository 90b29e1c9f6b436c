"""Runs every check of the official Python SDK against one workspace: `sdk.py <workspace.json> <label>`.

The label keeps several SDK versions apart that run against the same workspace at the same time.
"""

import configparser
import json
import logging
import os
import sys
from types import SimpleNamespace

import databricks.sdk.version
from databricks.sdk import WorkspaceClient

from checks import run_all

logging.getLogger("databricks.sdk").setLevel(logging.ERROR)


def main(workspace_file, label):
    with open(workspace_file) as file:
        workspace = json.load(file)
    profiles = configparser.ConfigParser()
    profiles.read(workspace["configFile"])
    os.environ["DATABRICKS_CONFIG_FILE"] = workspace["configFile"]
    client = WorkspaceClient()
    context = SimpleNamespace(
        version=databricks.sdk.version.__version__,
        label=label,
        w=client,
        host=workspace["host"],
        token=profiles["DEFAULT"]["token"],
        user=workspace["user"],
        ca_file=workspace["caFile"],
        postgres=workspace["postgres"],
    )
    import sdk_identity  # noqa: F401
    import sdk_files  # noqa: F401
    import sdk_apps  # noqa: F401
    import sdk_bundles  # noqa: F401

    if hasattr(client, "postgres"):
        import sdk_postgres  # noqa: F401
    run_all(context)


main(*sys.argv[1:])
