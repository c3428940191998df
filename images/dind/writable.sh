# Makes the kernel's settings and control groups writable, which a container without `privileged: true` has read-only. Sourced by entrypoint.sh.
# shellcheck shell=sh
#
# The mount table says what is read-only. `[ -w /proc/sys ]` does not: the kernel lets nobody write to that folder itself, root
# included, and in a privileged container it is no mount that could be mounted again.

MOUNTS=/proc/mounts
PROBE=/proc/sys/net/ipv4/ip_forward

# read_only_mounts: /proc/sys, /sys/fs/cgroup and the control groups below it, as far as they are mounted read-only. Where two
# mounts lie on one folder, the later one is seen.
read_only_mounts() {
  awk '$2 == "/proc/sys" || $2 == "/sys/fs/cgroup" || ($2 ~ "^/sys/fs/cgroup/" && $3 ~ /^cgroup2?$/) { state[$2] = $4 ~ /(^|,)ro(,|$)/ }
    END { for (place in state) if (state[place]) print place }' "$MOUNTS" | sort
}

make_writable() {
  for place in $(read_only_mounts); do
    mount -o remount,rw "$place" 2>/dev/null && continue
    echo "dind: error: $place is mounted read-only here, and can't be mounted again: the service needs privileged: true" >&2
    return 1
  done
  # Its own value: nothing changes.
  value=$(cat "$PROBE") && { echo "$value" >"$PROBE"; } 2>/dev/null && return
  echo "dind: error: $PROBE can't be written here: the service needs privileged: true" >&2
  return 1
}
