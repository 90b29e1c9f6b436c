#!/bin/sh
# Migrates and serves; the app becomes this process, so that it gets the signal to stop.
set -e
alembic upgrade head
exec uvicorn app:app --host "${HOST:-0.0.0.0}" --port "${DATABRICKS_APP_PORT:-8000}"
