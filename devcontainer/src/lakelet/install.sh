#!/bin/sh
# Run as root while the image is built; VERSION is the option of that name.
set -eu

needs='Lakelet needs Node 22.18 or newer. Take an image that has it, or add the feature ghcr.io/devcontainers/features/node:1 with "version": "24".'
if ! command -v npm > /dev/null; then
  echo "lakelet: there is no npm in this image. $needs" >&2
  exit 1
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 18) ? 0 : 1)'; then
  echo "lakelet: this image has Node $(node --version). $needs" >&2
  exit 1
fi

npm install --global --no-audit --no-fund --loglevel=error "lakelet@${VERSION:-latest}"
lakelet --version
