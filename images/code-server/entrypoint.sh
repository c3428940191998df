#!/bin/bash
# Runs code-server on the workspace. Its password is $PASSWORD, else one that it makes at the first start:
# docker exec claude-code-server cat .config/code-server/config.yaml. Words after the image's name are a command that runs instead.
set -eu
source /usr/local/lib/dind/engine-context.sh
engine_context
if (($#)); then exec "$@"; fi

[[ -n ${PASSWORD:-} ]] || unset PASSWORD
[[ -n ${HASHED_PASSWORD:-} ]] || unset HASHED_PASSWORD
exec code-server --bind-addr 0.0.0.0:8080 --auth password --disable-telemetry --disable-update-check \
  --disable-getting-started-override /home/coder/workspace
