#!/usr/bin/env bash
# Says where it runs and what it can't reach. Try: dind-executor run examples/shell/hello.sh -- your name
set -u

echo "Hello, ${*:-sandbox}!"
echo "Bash $BASH_VERSION, in $PWD, as user $(id -u)"

interfaces=(/sys/class/net/*)
if [[ ${interfaces[*]##*/} == lo ]]; then
  echo "network: none (only loopback)"
else
  echo "network: ${interfaces[*]##*/}"
fi

if (: >/etc/hello) 2>/dev/null; then
  echo "root file system: writable"
else
  echo "root file system: read-only"
fi
