# What may reach what, as rules of this container's own network namespace. Sourced by entrypoint.sh.
# shellcheck shell=sh
#
#   uplinks     the container's own interfaces: the way out (that of the default route), and the stack's network
#   sandboxes   whatever is behind any other interface: docker0, br-…
#
# The rules name interfaces, so that they hold for every network that a sandbox may be on, those made later included.

# 168.63.129.16 is Azure's metadata. The host's own public addresses are not seen from in here: DIND_HOST_ADDRESSES names them (S08).
NEAR="0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15 224.0.0.0/4 240.0.0.0/4"

# addresses_of LIST: "10.1.2.3, 10.2.0.0/16" as "10.1.2.3 10.2.0.0/16"; fails where something else is in it, such as a name or IPv6.
addresses_of() (
  set -f
  part='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
  found=
  for each in $(echo "$1" | tr ',' ' '); do
    echo "$each" | grep -Eqx "$part(\.$part){3}(/(3[0-2]|[12]?[0-9]))?" || return 1
    found="$found${found:+ }$each"
  done
  echo "$found"
)

# The kernel shows this setting in the machine's own network namespace alone.
MACHINE_ONLY=/proc/sys/net/core/netdev_max_backlog

# network_problem: why the rules would do harm or nothing here, and what to do; fails where they hold. They are this network
# namespace's, and know its links to other networks as eth0, eth1 …, as Docker, Kubernetes and Podman's bridges call them (K02).
network_problem() {
  link=$(way_out)
  link=${link%% *}
  if [ -e "$MACHINE_ONLY" ]; then
    echo "this container is on the machine's own network (network_mode: host, hostNetwork: true), and its firewall would close the machine's ports: give the container or the pod a network of its own"
  else
    case $link in '' | eth*) return 1 ;; esac
    echo "the way out is the interface $link, but the firewall covers only interfaces called eth0, eth1 …: give the container such a network (a bridge)"
  fi
}

way_out() { ip -4 route show default | sed -n 's/.*via \([^ ]*\).* dev \([^ ]*\).*/\2 \1/p' | head -n 1; }
uplinks() { ip -o link show type veth 2>/dev/null | sed -n 's/^[0-9]*: \(eth[0-9]*\)@.*/\1/p'; }
inside_links() {
  out=$(way_out)
  uplinks | grep -vxF "${out%% *}" || true
}
# The addresses of the stack's network. Where there is one network alone, it is the stack's.
inside_addresses() {
  for link in $(inside_links); do ip -o -4 addr show dev "$link" | sed -n 's/.* inet \([0-9.]*\)\/.*/\1/p'; done
}
# The engine's host is on each of its bridges, as a rule as the first address.
first_address_of() { ip -o -4 route show dev "$1" scope link | awk '{ split($1, net, "/"); split(net[1], part, "."); print part[1] "." part[2] "." part[3] "." part[4] + 1 }'; }

# The flavours of iptables differ in what the running kernel has for them; dockerd must find the same one by its plain name.
choose_iptables() {
  mkdir -p /run/dind-bin
  for name in ${DIND_IPTABLES:-iptables iptables-nft iptables-legacy}; do
    program=$(command -v "$name") || continue
    rm -f /run/dind-bin/ip*tables
    "$program" -w -t nat -N DIND-PROBE 2>/dev/null || continue
    works=0
    "$program" -w -t nat -A DIND-PROBE -m addrtype --dst-type LOCAL -j MASQUERADE 2>/dev/null &&
      "$program" -w -t nat -A DIND-PROBE -m conntrack --ctstate ESTABLISHED -j RETURN 2>/dev/null && works=1
    "$program" -w -t nat -F DIND-PROBE
    "$program" -w -t nat -X DIND-PROBE
    [ $works = 1 ] || continue
    if [ "$name" != iptables ]; then
      ln -sf "$program" /run/dind-bin/iptables
      ln -sf "$(command -v "ip6${name#ip}")" /run/dind-bin/ip6tables
    fi
    PATH=/run/dind-bin:$PATH
    return 0
  done
  return 1
}

choose_subnet() {
  for each in ${DIND_SUBNET:-172.30 172.29 172.28 10.213 10.214 192.168}; do
    ip -4 route | grep -v '^default' | grep -q "^$each\." || { echo "$each"; return 0; }
  done
  return 1
}

rule() { iptables -w -A "$@"; }

# ports_of LIST: "8000, 9000" as "8000 9000"; fails where something else is in it.
ports_of() (
  set -f
  found=
  for each in $(echo "$1" | tr ',' ' '); do
    case $each in *[!0-9]* | 0* | ??????*) return 1 ;; esac
    [ "$each" -le 65535 ] || return 1
    found="$found${found:+ }$each"
  done
  echo "$found"
)

set_firewall() { # SUBNET PORT OPEN: the API's port (empty: it has none), and ports of what shares this network namespace
  subnet=$1 port=$2 open=$3 out=$(way_out)
  out=${out%% *}
  for chain in DIND-INPUT DIND-OUTPUT DOCKER-USER; do
    iptables -w -N $chain 2>/dev/null || iptables -w -F $chain
  done

  # To this container: its API, for the stack's network; names, for sandboxes; nothing else.
  rule DIND-INPUT -i lo -j RETURN
  rule DIND-INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
  for link in $(inside_links); do
    # The host is on this network too: any user of it would be root here, were the API plain.
    for host in $(first_address_of "$link"); do rule DIND-INPUT -i "$link" -s "$host" -j DROP; done
    [ -z "$port" ] || rule DIND-INPUT -i "$link" -p tcp --dport "$port" -j RETURN
    rule DIND-INPUT -i "$link" -p icmp -j RETURN
  done
  # Sandboxes are on other interfaces, so these stay closed for them.
  for each in $open; do rule DIND-INPUT -i eth+ -p tcp --dport "$each" -j RETURN; done
  rule DIND-INPUT -i eth+ -j DROP
  for protocol in udp tcp; do rule DIND-INPUT -d "$subnet.0.1" -p $protocol --dport 53 -j RETURN; done
  rule DIND-INPUT -j REJECT --reject-with icmp-port-unreachable

  # From this container: dockerd fetches what a Dockerfile's ADD names, so it too goes nowhere near. Names are asked
  # of the host's servers, which may be private.
  rule DIND-OUTPUT ! -o eth+ -j RETURN
  rule DIND-OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
  for link in $(inside_links); do rule DIND-OUTPUT -o "$link" -j REJECT; done
  for protocol in udp tcp; do rule DIND-OUTPUT -p $protocol --dport 53 -j RETURN; done
  for each in $(addresses_of "${DIND_ALLOW_PRIVATE:-}"); do rule DIND-OUTPUT -d "$each" -j RETURN; done
  near="$NEAR $(addresses_of "${DIND_HOST_ADDRESSES:-}")"
  for each in $near; do rule DIND-OUTPUT -d "$each" -j REJECT; done

  # From sandboxes: the internet; nothing of the stack, nothing near. From the stack: what a sandbox publishes.
  # dockerd keeps what is in this chain, and puts it before its own rules.
  rule DOCKER-USER -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
  for link in $(inside_links); do
    rule DOCKER-USER -o "$link" -j REJECT
    for host in $(first_address_of "$link"); do rule DOCKER-USER -i "$link" -s "$host" -j DROP; done
    rule DOCKER-USER -i "$link" ! -o eth+ -j RETURN
  done
  rule DOCKER-USER -i eth+ -j DROP
  for each in $near; do rule DOCKER-USER -o eth+ -d "$each" -j REJECT; done
  rule DOCKER-USER -j RETURN

  iptables -w -C INPUT -j DIND-INPUT 2>/dev/null || iptables -w -I INPUT -j DIND-INPUT
  iptables -w -C OUTPUT -j DIND-OUTPUT 2>/dev/null || iptables -w -I OUTPUT -j DIND-OUTPUT
  iptables -w -C FORWARD -j DOCKER-USER 2>/dev/null || iptables -w -I FORWARD -j DOCKER-USER

  # None of it speaks IPv6: sandboxes have none, and the engine needs none.
  for each in all default; do echo 1 >"/proc/sys/net/ipv6/conf/$each/disable_ipv6" 2>/dev/null || true; done
}
