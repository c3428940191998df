# A bound for all BuildKit steps on an engine together, since its API has no bound for a step. Sourced by entrypoint.sh, and
# by scripts/lib/engine.sh for the engines of the scripts.
# shellcheck shell=sh
#
#   DIND_BUILD_MEMORY   memory, like 2G (the default); three quarters of what the engine itself has, where that is less
#   DIND_BUILD_PIDS     processes and threads (default 1024)
#
# dockerd runs each step in the group PARENT/buildkit/ID, PARENT being its --cgroup-parent ("docker" unless it is told another). So
# a group PARENT/buildkit that exists before, with bounds, bounds all steps. Containers of dockerd are beside it.

CGROUPS=/sys/fs/cgroup

# bytes_of SIZE: 2G, 512m, 10GB, 1048576, as a number.
bytes_of() (
  number=${1%%[!0-9]*}
  case ${1#"$number"} in
    '' | [bB]) unit=1 ;;
    [kK] | [kK][bB]) unit=1024 ;;
    [mM] | [mM][bB]) unit=1048576 ;;
    [gG] | [gG][bB]) unit=1073741824 ;;
    *) return 1 ;;
  esac
  case $number in '' | 0*) return 1 ;; esac
  [ ${#number} -le $((unit == 1 ? 15 : 9)) ] && echo $((number * unit))
)

# The kernel counts memory in whole pages, of 64 KiB at most.
holds_bytes() { # FILE BYTES
  [ "$(cat "$1")" -le "$2" ] && [ "$(cat "$1")" -gt $(($2 - 65536)) ]
}

# Whether version 1's groups hold it. Memory and swap together are never less than memory alone, so that the one must be raised
# before the other: it is written before and after.
bound_v1() ( # PARENT BYTES PIDS
  memory=$CGROUPS/memory/$1/buildkit pids=$CGROUPS/pids/$1/buildkit
  mkdir -p "$memory" "$pids" || return
  [ "$(cat "$memory/memory.use_hierarchy")" = 1 ] || echo 1 >"$memory/memory.use_hierarchy" || return
  echo "$2" >"$memory/memory.limit_in_bytes" || true
  if [ -e "$memory/memory.memsw.limit_in_bytes" ]; then
    echo "$2" >"$memory/memory.memsw.limit_in_bytes" && holds_bytes "$memory/memory.memsw.limit_in_bytes" "$2" || return
  fi
  echo "$2" >"$memory/memory.limit_in_bytes" && holds_bytes "$memory/memory.limit_in_bytes" "$2" || return
  echo "$3" >"$pids/pids.max" && [ "$(cat "$pids/pids.max")" = "$3" ]
)

# Whether version 2's group holds it. A group has the controllers that each one above it hands down.
bound_v2() ( # PARENT BYTES PIDS
  group=$CGROUPS/$1/buildkit
  mkdir -p "$group" || return
  above=$group
  while [ "$above" != "$CGROUPS" ]; do
    above=${above%/*}
    set -- "$above" "$@"
  done
  while [ $# -gt 3 ]; do
    echo '+memory +pids' >"$1/cgroup.subtree_control" || return
    shift
  done
  echo "$2" >"$group/memory.max" && holds_bytes "$group/memory.max" "$2" || return
  # Not there: nothing swaps here.
  if [ -e "$group/memory.swap.max" ]; then echo 0 >"$group/memory.swap.max" && [ "$(cat "$group/memory.swap.max")" = 0 ] || return; fi
  echo "$3" >"$group/pids.max" && [ "$(cat "$group/pids.max")" = "$3" ]
)

# bound_builds PARENT [BYTES]: sets the bounds below dockerd's --cgroup-parent, on an engine that has BYTES itself (else what the
# machine has), and prints the labels, as dockerd's options, by which callers know them. Status 1: they can't be set, 2: the
# settings are none; then it prints a line for a person.
bound_builds() (
  bytes=$(bytes_of "${DIND_BUILD_MEMORY:-2G}") && [ "$bytes" -ge 33554432 ] ||
    { echo "DIND_BUILD_MEMORY is '$DIND_BUILD_MEMORY': it must be a size like 2G, at least 32M"; return 2; }
  pids=${DIND_BUILD_PIDS:-1024}
  case $pids in 0* | *[!0-9]* | ????????*) pids=0 ;; esac
  [ "$pids" -ge 16 ] || { echo "DIND_BUILD_PIDS is '$DIND_BUILD_PIDS': it must be a number like 1024, at least 16"; return 2; }
  # If a build could use all of the engine's memory, the engine would be killed with it.
  for most in "${2:-}" $(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024)); do
    [ -z "$most" ] || [ "$bytes" -le $((most / 4 * 3)) ] || bytes=$((most / 4 * 3))
  done
  parent=${1#/}
  version=1
  [ ! -e $CGROUPS/cgroup.controllers ] || version=2
  if ! "bound_v$version" "${parent%/}" "$bytes" "$pids" 2>/dev/null; then
    echo "steps of builds by BuildKit have no bound on memory and processes: the control groups at $CGROUPS (version $version) do not accept one; is the engine privileged, and are the memory and pids controllers on?"
    return 1
  fi
  echo "--label=dind-executor.build.memory=$bytes --label=dind-executor.build.pids=$pids"
)
