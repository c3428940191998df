#!/bin/sh
# Finds the engine of this container. Sourced by the entrypoints of backend and code-server.
# shellcheck shell=sh
#
# It is set twice: as a docker context, which `docker exec` finds too, and as variables for what the entrypoint starts.
#
#   DIND_ENGINE   tcp://…:2375: plain text; any other tcp:// address: TLS; else (a socket of the host, where the host's own
#                 DOCKER_HOST came through): the stack's engine by TLS
#   DIND_TLS      false: plain text
#   DIND_SOCKET   an absolute path: the engine is there, and neither of the two above means anything

. /usr/local/lib/dind/trust.sh

# The certificates of the operator, at the path at which dind-executor looks beside any configuration, `docker exec` included (K04), and
# for what this container runs itself.
trusted_certificates() {
  bundle=/run/dind-executor/ca-bundle.pem
  rm -f $bundle
  ! trust $bundle || name_bundle $bundle
}

engine_context() {
  trusted_certificates

  certificates=/certs/client
  address=tcp://dind:2376 tls=1
  case "${DIND_TLS:-}" in false | 0 | no | off) address=tcp://dind:2375 tls=0 ;; esac
  case "${DIND_ENGINE:-}" in
    tcp://*:2375 | tcp://*:2375/) address=$DIND_ENGINE tls=0 ;;
    tcp://*) [ $tls = 0 ] || address=$DIND_ENGINE ;;
    '') ;;
    *) echo "dind: DOCKER_HOST=$DIND_ENGINE is not an address in the stack; the engine is $address" >&2 ;;
  esac
  [ -z "${DIND_SOCKET:-}" ] || address=unix://$DIND_SOCKET tls=0

  if [ $tls = 1 ] && [ ! -r $certificates/ca.pem ]; then
    echo "dind: $certificates has no certificate, so there is no engine: docker-compose.dind.yml starts one" >&2
    tls=0
  fi

  folder=${DOCKER_CONFIG:-$HOME/.docker}
  id=$(printf dind | sha256sum | cut -d' ' -f1)
  rm -rf "$folder/contexts/tls/$id"
  mkdir -p "$folder/contexts/meta/$id"
  printf '{"Name":"dind","Metadata":{"Description":"The engine of the stack"},"Endpoints":{"docker":{"Host":"%s","SkipTLSVerify":false}}}\n' \
    "$address" >"$folder/contexts/meta/$id/meta.json"
  unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_TLS DOCKER_CONTEXT
  if [ $tls = 1 ]; then
    mkdir -p "$folder/contexts/tls/$id/docker"
    for file in ca.pem cert.pem key.pem; do ln -s "$certificates/$file" "$folder/contexts/tls/$id/docker/$file"; done
    export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$certificates
  fi
  export DOCKER_HOST=$address
  # Credentials that a person has stored here stay.
  [ -s "$folder/config.json" ] || printf '{\n\t"currentContext": "dind"\n}\n' >"$folder/config.json"
}
