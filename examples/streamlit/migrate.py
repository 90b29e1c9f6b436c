from sqlalchemy import text

from db import engine

# An app may create schemas in its database, and nothing in public.
STEPS = [
    "CREATE SCHEMA IF NOT EXISTS app",
    """CREATE TABLE IF NOT EXISTS app.notes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      content text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )""",
]

with engine.begin() as connection:
    for step in STEPS:
        connection.execute(text(step))
