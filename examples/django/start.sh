#!/bin/sh
# Migrates and serves; the app becomes this process, so that it gets the signal to stop.
set -e
python manage.py migrate --no-input
exec gunicorn project.wsgi --bind "${HOST:-0.0.0.0}:${DATABRICKS_APP_PORT:-8000}"
