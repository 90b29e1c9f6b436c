"""The database: every new connection logs in with a credential of its own, so that none is too old."""

import os
from functools import cache

from databricks.sdk import WorkspaceClient
from sqlalchemy import create_engine, event

# Host, database, user and TLS are libpq's own variables: PGHOST, PGDATABASE, PGUSER, PGSSLMODE …
# A connection that was dropped is noticed before it is used, and replaced.
engine = create_engine("postgresql+psycopg://", pool_pre_ping=True, pool_recycle=2700)

workspace = cache(WorkspaceClient)


@event.listens_for(engine, "do_connect")
def log_in(_dialect, _record, _args, parameters):
    credential = workspace().postgres.generate_database_credential(endpoint=os.environ["ENDPOINT_NAME"])
    parameters["password"] = credential.token
