"""A Lakebase branch of its own for one run of pytest.

    # conftest.py
    pytest_plugins = ["lakelet_pytest"]

    # pytest.ini
    [pytest]
    pythonpath = node_modules/lakelet/pytest

The fixture `lakelet` holds the environment as a dict, and the variables are set while the tests run: PGHOST … with PGPASSWORD for
any driver, DATABRICKS_HOST and DATABRICKS_TOKEN for the SDK. The workspace lives in pytest's cache directory and is kept between
runs; the branch is new each time.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator

import pytest

BRANCH_LIFE_SECONDS = 24 * 3600


class _Workspace:
    """The command line against one data directory. LAKELET_COMMAND says how it is called; `npx lakelet` when unset."""

    def __init__(self, data_dir: str, cwd: str) -> None:
        self._command = shlex.split(os.environ.get("LAKELET_COMMAND", "npx --no-install lakelet"))
        self._data_dir = data_dir
        self._cwd = cwd
        # What the developer is signed in to is nothing to the tests.
        self._env = {key: value for key, value in os.environ.items() if not key.startswith(("DATABRICKS_", "PG"))}

    def run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._command, *arguments, "--data-dir", self._data_dir],
            cwd=self._cwd,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"lakelet {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout


@pytest.fixture(scope="session")
def lakelet(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    root = str(request.config.rootpath)
    data_dir = str(request.config.cache.mkdir("lakelet") / "data")
    workspace = _Workspace(data_dir, root)
    is_ours = workspace.run("status", check=False) == ""
    workspace.run("up", "--detach", "--wait", "--http-port", "0", "--postgres-port", "0")
    try:
        projects = json.loads(workspace.run("postgres", "list-projects", "-o", "json"))
        if "projects/tests" not in [each["name"] for each in projects]:
            workspace.run("postgres", "create-project", "tests")
        branch_id = f"run-{int(time.time() * 1000)}-{os.getpid()}"
        spec = json.dumps({"spec": {"ttl": f"{BRANCH_LIFE_SECONDS}s"}})
        workspace.run("postgres", "create-branch", "projects/tests", branch_id, "--json", spec)
        branch = f"projects/tests/branches/{branch_id}"
        env: dict[str, str] = json.loads(workspace.run("env", branch, "--format", "json"))
        credential = workspace.run(
            "postgres", "generate-database-credential", env["ENDPOINT_NAME"], "--field", "token"
        )
        env["PGPASSWORD"] = credential.strip()
        with pytest.MonkeyPatch.context() as patch:
            for key, value in env.items():
                patch.setenv(key, value)
            yield env
        # A branch that stays ends by itself.
        workspace.run("postgres", "delete-branch", branch, check=False)
    finally:
        if is_ours:
            workspace.run("down")
