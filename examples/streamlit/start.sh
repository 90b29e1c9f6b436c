#!/bin/sh
# Migrates and serves; the app becomes this process, so that it gets the signal to stop.
set -e
python migrate.py
exec streamlit run app.py --server.address "${HOST:-0.0.0.0}" --server.port "${DATABRICKS_APP_PORT:-8000}" \
  --server.headless true --browser.gatherUsageStats false
