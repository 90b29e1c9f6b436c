"""A Lakebase branch of its own for a run of pytest, for each of its files, or for each test.

    # conftest.py
    pytest_plugins = ["lakelet_pytest"]

    # pytest.ini
    [pytest]
    pythonpath = node_modules/lakelet/pytest

The fixture `lakelet` holds the environment as a dict, and the variables are set while the tests run: PGHOST … with PGPASSWORD for
any driver, DATABRICKS_HOST and DATABRICKS_TOKEN for the SDK. The workspace lives in pytest's cache directory and is kept between
runs; the branch is new each time. The variable LAKELET_TEST_BRANCH names a branch of a workspace that runs already, as a command line
finds it: then the run's branch is made of that one, and nothing is started.

The fixture `lakelet_branch` is the same for a branch that is made of the run's: one for each file of tests, or for each test with
`lakelet_branch_per = test` in pytest.ini. What `lakelet` holds when the first of them is made, they all begin with.
"""

from __future__ import annotations

import json
import os
import shlex
import secrets
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

# How long a run may take; its branch is removed after that where the run could not do it.
BRANCH_LIFE_SECONDS = 24 * 3600
TEST_BRANCH_LIFE_SECONDS = 3600
CALL_SECONDS = 60
LONGEST_PAUSE_SECONDS = 1.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("lakelet_branch_per", "what gets a branch of its own: file or test", default="file")


class _Workspace:
    """The command line against one data directory. LAKELET_COMMAND says how it is called; `npx lakelet` when unset."""

    def __init__(self, data_dir: str | None, cwd: str) -> None:
        self._command = shlex.split(os.environ.get("LAKELET_COMMAND", "npx --no-install lakelet"))
        self._where = [] if data_dir is None else ["--data-dir", data_dir]
        self._cwd = cwd
        # What the developer is signed in to is nothing to the tests, but where they ask for it.
        hidden = () if data_dir is None else ("DATABRICKS_", "PG")
        self._env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}

    def run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._command, *arguments, *self._where],
            cwd=self._cwd,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"lakelet {' '.join(arguments)} failed: {done.stderr.strip()}")
        return done.stdout


def _make_run_branch(workspace: _Workspace, parent: str) -> dict[str, str]:
    # It does not expire, so that branches for files and tests can be made of it.
    branch_id = f"run-{_base36(int(time.time() * 1000))}-{os.getpid()}"
    made = workspace.run("branch", "create", branch_id, "--from", parent, "--env", "--format", "json")
    return dict(json.loads(made))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _remove_old(workspace: _Workspace) -> None:
    for each in json.loads(workspace.run("postgres", "list-branches", "projects/tests", "-o", "json")):
        parts = each["name"].rsplit("/", 1)[-1].split("-")
        is_run = len(parts) == 3 and parts[0] == "run" and parts[1].isalnum()
        if is_run and time.time() - int(parts[1], 36) / 1000 > BRANCH_LIFE_SECONDS:
            workspace.run("postgres", "delete-branch", each["name"], "--purge", check=False)


@pytest.fixture(scope="session")
def lakelet(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The environment of a branch for this run."""
    root = str(request.config.rootpath)
    parent = os.environ.get("LAKELET_TEST_BRANCH")
    data_dir = None if parent else str(request.config.cache.mkdir("lakelet") / "data")
    workspace = _Workspace(data_dir, root)
    is_ours = not parent and workspace.run("status", check=False) == ""
    if not parent:
        workspace.run("up", "--detach", "--wait", "--http-port", "0", "--postgres-port", "0")
    try:
        if not parent:
            projects = json.loads(workspace.run("postgres", "list-projects", "-o", "json"))
            if "projects/tests" not in [each["name"] for each in projects]:
                workspace.run("postgres", "create-project", "tests")
            _remove_old(workspace)
        env = _make_run_branch(workspace, parent or "projects/tests/branches/production")
        with pytest.MonkeyPatch.context() as patch:
            for key, value in env.items():
                patch.setenv(key, value)
            yield env
        # A branch that stays is removed by a later run.
        branch = env["ENDPOINT_NAME"].split("/endpoints/")[0]
        workspace.run("postgres", "delete-branch", branch, "--purge", check=False)
    finally:
        if is_ours:
            workspace.run("down")


class _Api:
    """The Postgres API of the workspace that an environment names."""

    def __init__(self, env: dict[str, str]) -> None:
        self._host = env["DATABRICKS_HOST"]
        self._token = env["DATABRICKS_TOKEN"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._host}/api/2.0/postgres/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as reply:
                return dict(json.load(reply))
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path} failed: {error.read().decode(errors='replace')}") from None

    def done(self, operation: dict[str, Any]) -> None:
        pause = 0.02
        while not operation.get("done"):
            asked = time.monotonic()
            operation = self.call("GET", operation["name"])
            # A workspace of Lakelet answers when it is done.
            if not operation.get("done") and time.monotonic() - asked < pause:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        if operation.get("error"):
            raise RuntimeError(f"{operation['name']} failed: {operation['error'].get('message')}")


def _branch_scope(fixture_name: str, config: pytest.Config) -> Any:
    per = config.getini("lakelet_branch_per")
    if per not in ("file", "test"):
        raise pytest.UsageError(f"lakelet_branch_per is {per!r}; it is file or test")
    return "module" if per == "file" else "function"


@pytest.fixture(scope=_branch_scope)
def lakelet_branch(lakelet: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a branch of its own, which begins with what the run's branch holds."""
    api = _Api(lakelet)
    project, _, parent = lakelet["ENDPOINT_NAME"].split("/endpoints/")[0].partition("/branches/")
    branch_id = f"test-{_base36(int(time.time() * 1000))}-{secrets.token_hex(4)}"
    spec = {"source_branch": f"{project}/branches/{parent}", "ttl": f"{TEST_BRANCH_LIFE_SECONDS}s"}
    branch = f"{project}/branches/{branch_id}"
    api.done(api.call("POST", f"{project}/branches?branch_id={branch_id}", {"spec": spec}))
    try:
        endpoint = f"{branch}/endpoints/primary"
        token = api.call("POST", "credentials", {"endpoint": endpoint})["token"]
        host = api.call("GET", endpoint)["status"]["hosts"]["host"]
        env = {
            **lakelet,
            "PGHOST": host,
            "PGPASSWORD": token,
            "ENDPOINT_NAME": endpoint,
            "LAKEBASE_ENDPOINT": endpoint,
        }
        env["DATABASE_URL"] = _url(env)
        with pytest.MonkeyPatch.context() as patch:
            for key, value in env.items():
                patch.setenv(key, value)
            yield env
    finally:
        api.call("DELETE", f"{branch}?purge=true")


def _url(env: dict[str, str]) -> str:
    quote = urllib.parse.quote
    login = f"{quote(env['PGUSER'], safe='')}:{quote(env['PGPASSWORD'], safe='')}"
    query = {"sslmode": env["PGSSLMODE"], **({"sslrootcert": env["PGSSLROOTCERT"]} if "PGSSLROOTCERT" in env else {})}
    return f"postgresql://{login}@{env['PGHOST']}:{env['PGPORT']}/{env['PGDATABASE']}?{urllib.parse.urlencode(query)}"
