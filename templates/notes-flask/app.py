"""Shows the latest notes of a Lakebase database.

Credentials live for an hour, connections for less: the pool asks for a fresh credential each time it opens a connection, so
nothing here ever uses one that has expired.
"""

import os
from functools import cache

import psycopg
from databricks.sdk import WorkspaceClient
from flask import Flask, render_template_string
from psycopg_pool import ConnectionPool, PoolTimeout

app = Flask(__name__)


@cache
def workspace():
    """Signs in as this app's service principal, or as you when you run it on your own machine."""
    return WorkspaceClient()


class FreshCredentialConnection(psycopg.Connection):
    """A connection that logs in with a credential made for it."""

    last_failure = None

    @classmethod
    def connect(cls, conninfo="", **kwargs):
        try:
            credential = workspace().postgres.generate_database_credential(endpoint=os.environ["ENDPOINT_NAME"])
            connection = super().connect(conninfo, **{**kwargs, "password": credential.token})
        except Exception as failure:
            FreshCredentialConnection.last_failure = failure
            raise
        FreshCredentialConnection.last_failure = None
        return connection


# Everything else about the connection (PGHOST, PGPORT, PGDATABASE, PGUSER, PGSSLMODE) libpq reads from the environment itself.
pool = ConnectionPool(
    connection_class=FreshCredentialConnection,
    kwargs={"connect_timeout": 20},
    # A connection that was closed while it lay in the pool is replaced before anybody gets it.
    check=ConnectionPool.check_connection,
    min_size=0,
    max_size=10,
    timeout=15,
    max_lifetime=45 * 60,
    # Give up quickly, so that the next request starts over instead of waiting out a long pause.
    reconnect_timeout=5,
    open=True,
)

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Notes</title></head>
<body>
<h1>Hello from Lakebase!</h1>
<h2>Recent Notes:</h2>
{% if problem %}<p role="alert">{{ problem }}</p><pre>{{ detail }}</pre>
{% else %}<ul>{% for note in notes %}<li>{{ note.content }} - {{ note.created_at }}</li>{% endfor %}</ul>{% endif %}
</body>
</html>"""

RECENT_NOTES = """
    SELECT content, created_at FROM notes ORDER BY created_at DESC, id DESC LIMIT 5
"""


def explain(failure):
    """What went wrong in plain words, the database's own words, and the HTTP status that fits."""
    if isinstance(failure, psycopg.errors.InsufficientPrivilege):
        return "The database refused: this app's role lacks a GRANT on the table notes.", failure, 500
    if isinstance(failure, psycopg.errors.UndefinedTable):
        return "The table notes does not exist yet. Create it, and reload this page.", failure, 500
    if isinstance(failure, PoolTimeout):
        failure = FreshCredentialConnection.last_failure or failure
        return "The database cannot be reached right now. Reload this page in a moment.", failure, 503
    return "The database did not answer as expected. Reload this page in a moment.", failure, 503


@app.route("/")
def recent_notes():
    try:
        with pool.connection() as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            notes = cursor.execute(RECENT_NOTES).fetchall()
    except psycopg.Error as failure:
        app.logger.warning("could not read notes: %s", failure)
        problem, detail, status = explain(failure)
        return render_template_string(PAGE, problem=problem, detail=detail), status
    return render_template_string(PAGE, notes=notes)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("DATABRICKS_APP_PORT", "8000")))
