from alembic import context
from sqlalchemy import text

import models
from db import engine

with engine.begin() as connection:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
    context.configure(connection, target_metadata=models.Base.metadata, version_table_schema="app")
    with context.begin_transaction():
        context.run_migrations()
