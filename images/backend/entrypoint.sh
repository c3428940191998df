#!/bin/bash
# Runs the backend: the long-lived `dind-executor serve` behind a socket, and the API. Where one of them ends, so does the container,
# and is started again. Words after the image's name are a command that runs instead.
set -eu
source /usr/local/lib/dind/engine-context.sh
engine_context
if (($#)); then exec "$@"; fi

main=$BASHPID serve='' api=''
trap 'kill -TERM $serve $api 2>/dev/null || true' TERM INT
# until_end COMMAND…: its end is ours.
until_end() {
  local status=0
  trap 'kill -TERM "$child" 2>/dev/null || true' TERM
  "$@" &
  child=$!
  wait "$child" || status=$?
  kill -TERM "$child" 2>/dev/null && wait "$child" || true
  echo "dind: $1 has ended ($status)" >&2
  kill -TERM $main
}
until_end dind-executor serve --socket "$DIND_EXECUTOR_SOCKET" &
serve=$!
# The guide's route waits for its run: more than one process, so that a long one does not hold up every other.
until_end uvicorn app.main:app --host 0.0.0.0 --port 8000 --workers "${BACKEND_WORKERS:-4}" --no-access-log &
api=$!
until wait; do :; done # a signal breaks it off
