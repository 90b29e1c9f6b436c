"""Django's Postgres backend, where each new connection logs in with a credential of its own, so that none is too old."""

import os
from functools import cache

from databricks.sdk import WorkspaceClient
from django.db.backends.postgresql import base

workspace = cache(WorkspaceClient)


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        credential = workspace().postgres.generate_database_credential(endpoint=os.environ["ENDPOINT_NAME"])
        return super().get_new_connection({**conn_params, "password": credential.token})
