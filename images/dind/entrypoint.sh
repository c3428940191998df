#!/bin/sh
# Starts the engine: workspace, certificates, firewall, name service, dockerd. The words after the image's name go to dockerd.
#
#   DIND_ENGINE        tcp://…:2375: the API is plain text on 2375; anything else: TLS on 2376
#   DIND_TLS           false: plain text, whatever DIND_ENGINE says
#   DIND_SUBNET        the first two numbers of the sandboxes' networks, like 172.30 (default: the first that is free)
#   DIND_IPTABLES      iptables-nft or iptables-legacy (default: the first that works)
#   DIND_SOCKET        the API on this socket alone, in place of TCP, for uid and gid 1000: where the server shares this container's
#                      network (a pod), such as /run/engine/docker.sock
#   DIND_OPEN_PORTS    TCP ports of what shares this container's network, to be reached from outside: 8000,9000
#   DIND_ALLOW_PRIVATE private addresses that the engine itself may reach (a registry, a proxy): 10.1.2.3,10.2.0.0/16
#   DIND_HOST_ADDRESSES public addresses of the host, which sandboxes never reach either: 203.0.113.50,198.51.100.0/28
#   DIND_BUILD_MEMORY  memory of all steps of builds by BuildKit together (default 2G), DIND_BUILD_PIDS their processes (1024)
#   DIND_BUILD_CACHE   what BuildKit keeps of earlier builds, where there is no /etc/docker/daemon.json (default 10GB)
set -eu
here=/usr/local/lib/dind
: "${DIND_SOCKET:=}"
say() { printf 'dind: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then exec "$@"; fi # a command for a look into the container

# --- paths that dockerd writes and that are read-only in a container without `privileged`
. $here/writable.sh
make_writable || exit 1
# An engine that is killed for memory as it starts says nothing: say it before.
memory=$(for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes \
  "/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)/memory.limit_in_bytes"; do cat "$file" 2>/dev/null || true; done |
  grep -E '^[0-9]{1,18}$' | sort -n | head -n 1)
megabytes=$((${memory:-1099511627776} / 1048576))
[ $megabytes -ge 192 ] || die "the memory limit of $megabytes MiB is too low for an engine and its sandboxes: raise it (DIND_MEMORY=8G in .env)"

# cgroup v2 has no processes in a group that has groups with controllers.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
  sed -e 's/ / +/g' -e 's/^/+/' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control || true
fi
# Files of an engine that was killed; else the next one takes another process for it.
find /run /var/run -iname 'docker*.pid' -delete 2>/dev/null || true
rm -f /run/docker/containerd/containerd.pid

# --- the workspace: a folder that root made is meant for the users of the stack
workspace=${DIND_WORKSPACE_PATH:-/workspaces}
mkdir -p "$workspace"
[ "$(stat -c %u "$workspace")" != 0 ] || chown 1000:1000 "$workspace" || say "warning: $workspace belongs to root, and can't be given to uid 1000"
. $here/workspace_names.sh
link_workspace "$workspace"

# --- certificates of a company's proxy, for pulls
. $here/trust.sh
if trust /run/dind-trust.pem; then
  SSL_CERT_FILE=/run/dind-trust.pem
  export SSL_CERT_FILE
fi

# --- where the API is: on the addresses of the stack's network, which is every one but that with the way out
. $here/firewall.sh
inside=$(inside_addresses)
[ -n "$inside$DIND_SOCKET" ] || say "warning: this container has only the network with internet access: the API is only on its own socket (DIND_SOCKET=PATH sets another path)"
plain=0
case "${DIND_ENGINE:-}" in tcp://*:2375 | tcp://*:2375/) plain=1 ;; esac
case "${DIND_TLS:-}" in false | 0 | no | off) plain=1 ;; esac
port=
if [ -n "$DIND_SOCKET" ]; then
  case $DIND_SOCKET in /*) ;; *) die "DIND_SOCKET is '$DIND_SOCKET': it must be an absolute path like /run/engine/docker.sock" ;; esac
  mkdir -p "${DIND_SOCKET%/*}"
  # The socket file of an engine that was killed stays, and dockerd replaces it. The people of the other containers are uid 1000.
  set -- --tls=false "--host=unix://$DIND_SOCKET" --group=1000 "$@"
  inside=
elif [ $plain = 1 ]; then
  port=2375
  say "the API is plain text on port 2375 (DOCKER_HOST or DIND_TLS say so); anyone who can connect to it is root on this engine"
  set -- --tls=false "$@"
else
  port=2376
  sh $here/certificates.sh
  set -- --tlsverify --tlscacert=/certs/server/ca.pem --tlscert=/certs/server/cert.pem --tlskey=/certs/server/key.pem "$@"
fi
for address in $inside; do set -- "--host=tcp://$address:$port" "$@"; done

# --- the firewall, before anything runs
! problem=$(network_problem) || die "$problem"
addresses_of "${DIND_ALLOW_PRIVATE:-}" >/dev/null || die "DIND_ALLOW_PRIVATE is '$DIND_ALLOW_PRIVATE': it must be IPv4 addresses like 10.1.2.3,10.2.0.0/16"
addresses_of "${DIND_HOST_ADDRESSES:-}" >/dev/null || die "DIND_HOST_ADDRESSES is '$DIND_HOST_ADDRESSES': it must be IPv4 addresses like 203.0.113.50,198.51.100.0/28 (sandboxes have no IPv6)"
choose_iptables || die "iptables does not work here, and without it sandboxes would reach the API: is the service privileged, and has the kernel ip_tables or nf_tables?"
subnet=$(choose_subnet) || die "every network that this engine could use for its sandboxes is in use here; name a free one: DIND_SUBNET=10.200"
open_ports=$(ports_of "${DIND_OPEN_PORTS:-}") || die "DIND_OPEN_PORTS is '$DIND_OPEN_PORTS': it must be ports from 1 to 65535, like 8000,9000"
set_firewall "$subnet" "$port" "$open_ports"
if [ -n "$port" ]; then api="on port $port from the stack's network"; else api="on the socket $DIND_SOCKET"; fi
say "firewall: $(iptables --version), sandboxes in $subnet.0.0/16, API $api${open_ports:+, open ports: $open_ports}"

# --- names: a container's resolver can't ask ours (127.0.0.11), so it asks this one, which does. Names without a dot, which
# are the stack's services, it does not know.
cat >/run/dind-dnsmasq.conf <<CONF
listen-address=$subnet.0.1
bind-dynamic
domain-needed
bogus-priv
no-hosts
cache-size=500
user=nobody
CONF
(
  while :; do
    dnsmasq --keep-in-foreground --conf-file=/run/dind-dnsmasq.conf --pid-file=/run/dind-dnsmasq.pid || true
    sleep 1 # it ended: again, but not in a busy loop
  done
) &

# --- builds by BuildKit: what the engine keeps of them, and what their steps may take. Settings of the operator's go before ours.
. $here/build_bounds.sh
config=/etc/docker/daemon.json
parent=
driver=
before=
for word in "$@"; do
  case $word in *native.cgroupdriver=*) driver=${word##*=} ;; esac
  case $before in --config-file) config=$word ;; --cgroup-parent) parent=$word ;; esac
  case $word in --config-file=*) config=${word#*=} ;; --cgroup-parent=*) parent=${word#*=} ;; esac
  before=$word
done
if [ -e "$config" ]; then
  : "${parent:=$(tr -d '\n' <"$config" | sed -n 's/.*"cgroup-parent" *: *"\([^"]*\)".*/\1/p')}"
else
  kept=$(bytes_of "${DIND_BUILD_CACHE:-10GB}") || die "DIND_BUILD_CACHE is '$DIND_BUILD_CACHE': it must be a size like 10GB"
  config=/run/dind-daemon.json
  printf '{"builder": {"gc": {"enabled": true, "defaultKeepStorage": "%s"}}}\n' "$kept" >$config
  set -- --config-file=$config "$@"
fi
# If the host's cgroup tree is visible, sandboxes go below the group of this container, so that its limits hold for them.
group=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
if [ -z "$parent" ] && [ -n "${group#/}" ] && [ -d "/sys/fs/cgroup/memory$group" ]; then
  parent=$group
  set -- "--cgroup-parent=$group" "$@"
fi
if [ "$driver" = systemd ] || grep -q native.cgroupdriver=systemd "$config"; then
  say "warning: steps of builds by BuildKit have no bound on memory and processes: with systemd as the cgroup driver, they are not in a group that could have one"
elif bounds=$(bound_builds "${parent:-docker}" "$memory"); then
  # dockerd takes labels from one place alone.
  if grep -q '"labels"' "$config"; then
    say "warning: BuildKit's steps are bounded, but the engine's labels do not say so: add these to the labels in $config: $(echo "$bounds" | sed 's/--label=//g')"
  else
    # shellcheck disable=SC2086
    set -- $bounds "$@"
  fi
elif [ $? = 2 ]; then
  die "$bounds"
else
  say "warning: $bounds"
fi

# --- what needs the engine, once it answers; then the container is healthy
rm -f /run/dind-ready
(name_workspace "$workspace" && : >/run/dind-ready) &
# An engine reads its certificates at its start only: say in time that they end.
[ "$port" != 2376 ] || (while sleep 86400; do sh $here/certificates.sh check || true; done) &

mtu=$(cat "/sys/class/net/$(way_out | cut -d' ' -f1)/mtu" 2>/dev/null || echo 1500)
PATH=/run/dind-bin:$PATH
export PATH
exec dockerd --host=unix:///var/run/docker.sock --bip "$subnet.0.1/24" --default-address-pool "base=$subnet.128.0/17,size=24" \
  --mtu "$mtu" --dns "$subnet.0.1" --storage-driver "${DIND_STORAGE_DRIVER:-overlay2}" "$@"
