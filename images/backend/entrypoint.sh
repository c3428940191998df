#!/bin/bash
# Runs the backend: the long-lived `dind-executor serve` (its socket, and HTTP on port 9000), and beside it the API: the words after
# the image's name, else the example's. Where one of the two ends, so does the container, with its exit code, and is started again.
#
#   BACKEND_WORKERS   processes of the example's API (default 1: its route is asynchronous)
#   EXECUTOR_LISTEN   where `serve` has HTTP (default 0.0.0.0:9000; off: nowhere)
set -eu
source /usr/local/lib/dind/engine-context.sh
engine_context
if (($#)); then api=("$@"); else
  # A worker that has not answered its parent for 5 s is replaced, by default, and one that starts on a busy machine takes longer.
  api=(uvicorn app.main:app --host 0.0.0.0 --port 8000 --workers "${BACKEND_WORKERS:-1}" --timeout-worker-healthcheck 60 --timeout-graceful-shutdown 70)
fi

# The tokens of HTTP: the operator's, one a line, or one that is made once and kept in a volume, as the engine's certificates are.
tokens=/etc/dind-executor/tokens
if [[ ! -s $tokens ]]; then
  tokens=/tokens/executor
  if [[ ! -s $tokens ]]; then
    (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' >$tokens.part && chmod 400 $tokens.part && mv $tokens.part $tokens)
    echo "dind: a new token for the HTTP API of dind-executor is in $tokens" >&2
  fi
fi
serve=(dind-executor serve --socket "$DIND_EXECUTOR_SOCKET")
[[ ${EXECUTOR_LISTEN:-} == off ]] ||
  serve+=(--listen "${EXECUTOR_LISTEN:-0.0.0.0:9000}" --token-file "$tokens" --allow-host backend --allow-host claude-backend)

children=()
# Each gets one signal: a second one would make `serve` cancel its runs.
declare -A told=()
stop() {
  local child
  for child in "${children[@]}"; do
    [[ -z ${told[$child]:-} ]] || continue
    told[$child]=1
    kill -TERM "$child" 2>/dev/null || true
  done
}
reload() { kill -HUP "${children[0]}" 2>/dev/null || true; }
trap stop TERM INT
"${serve[@]}" &
children+=($!)
trap reload HUP
# The client connects to the socket, or starts a server of its own: it must be there first.
for ((tries = 200; tries > 0; tries--)); do
  [[ ! -S $DIND_EXECUTOR_SOCKET ]] && kill -0 "${children[0]}" 2>/dev/null || break
  sleep 0.05
done
"${api[@]}" <&0 &
children+=($!)

# first_end: the status of the child that ends first; a signal breaks `wait` off.
status=0 ended=''
until [[ -n ${ended:-} ]]; do
  status=0
  wait -n -p ended "${children[@]}" || status=$?
done
[[ $ended == "${children[0]}" ]] && what=dind-executor || what=${api[0]}
echo "dind: $what has ended ($status)" >&2
stop
for child in "${children[@]}"; do while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done; done
exit "$status"
