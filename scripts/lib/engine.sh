# A private Docker engine, and how scripts talk to any engine. Source it; it runs nothing.
# shellcheck shell=bash

ENGINE_NAME=${DIND_ENGINE_NAME:-dev}
ENGINE_DIR=$STATE/engine
[[ $ENGINE_NAME == dev ]] || ENGINE_DIR=$STATE/engine-$ENGINE_NAME
# Short, since the paths of unix sockets are limited to 107 bytes; and one a state folder, so that two clones don't meet.
ENGINE_RUN=/run/dind-executor/$ENGINE_NAME-$(hash_of "$STATE" | cut -c1-6)
ENGINE_SOCKET=$ENGINE_DIR/docker.sock
((${#ENGINE_SOCKET} < 100)) || ENGINE_SOCKET=$ENGINE_RUN/docker.sock
ENGINE_PIDFILE=$ENGINE_RUN/dockerd.pid
ENGINE_LOG=$ENGINE_DIR/dockerd.log
ENGINE_BRIDGE=dind$(hash_of "$ENGINE_RUN" | cut -c1-8)
# Its --cgroup-parent: engines of one kernel must not share the group that bounds BuildKit's steps. From the top, as BuildKit takes
# it in any case, while runc takes one without / to be below its own.
ENGINE_GROUP=/$ENGINE_BRIDGE
# shellcheck source=/dev/null
source "$ROOT/images/dind/build_bounds.sh"

# engine_api METHOD PATH [CURL ARGUMENTS...]: one call to the engine of DOCKER_HOST (or the default socket).
engine_api() {
  local method=$1 path=$2 host=${DOCKER_HOST:-unix:///var/run/docker.sock} options=() base
  shift 2
  case $host in
    unix://*) options+=(--unix-socket "${host#unix://}"); base=http://engine ;;
    tcp://*)
      base=http://${host#tcp://}
      if [[ -n ${DOCKER_TLS_VERIFY:-} || -n ${DOCKER_TLS:-} ]]; then
        local certificates=${DOCKER_CERT_PATH:-$HOME/.docker}
        base=https://${host#tcp://}
        options+=(--cacert "$certificates/ca.pem" --cert "$certificates/cert.pem" --key "$certificates/key.pem")
      fi ;;
    *) die "the scripts reach engines at unix:// and tcp:// addresses only, and DOCKER_HOST is $host" ;;
  esac
  curl -sS --noproxy '*' "${options[@]}" -X "$method" "$base$path" "$@"
}

engine_answers() { [[ $(engine_api GET /_ping --max-time 5 2>/dev/null) == OK ]]; }
engine_version() { engine_api GET /version --max-time 10 | python3 -c 'import json,sys; v=json.load(sys.stdin); print(v["Version"], "(API "+v["ApiVersion"]+")")'; }

# The private engine's process, if it lives: a pid alone could be somebody else's by now.
engine_pid() {
  local pid
  pid=$(cat "$ENGINE_PIDFILE" 2>/dev/null) && alive "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$ENGINE_PIDFILE" && echo "$pid"
}

# engine_processes: every pid that belongs to the private engine: dockerd, its containerd, its shims.
engine_processes() {
  local each
  for each in /proc/[0-9]*; do
    tr '\0' ' ' 2>/dev/null <"$each/cmdline" | grep -qE "(dockerd|containerd|docker-proxy|runc).* ?$ENGINE_RUN/" && alive "${each#/proc/}" && echo "${each#/proc/}"
  done
  return 0
}

# engine_resolve: DOCKER_HOST answers after it. ENGINE_STARTED=1 where we had to start a private one;
# then engine_release, in the caller's EXIT trap, stops it.
ENGINE_STARTED=0
engine_resolve() {
  if engine_answers; then
    say "  engine: ${DOCKER_HOST:-unix:///var/run/docker.sock}, $(engine_version)"
    export DOCKER_HOST=${DOCKER_HOST:-unix:///var/run/docker.sock}
    return
  fi
  [[ -z ${DOCKER_HOST:-} ]] || warn "the engine at DOCKER_HOST=$DOCKER_HOST does not answer; using a private one"
  unset DOCKER_TLS_VERIFY DOCKER_TLS DOCKER_CERT_PATH DOCKER_CONTEXT
  export DOCKER_HOST=unix://$ENGINE_SOCKET
  if ! engine_answers; then
    ENGINE_STARTED=1
    "$ROOT/scripts/engine" start
  fi
  say "  engine: $DOCKER_HOST, $(engine_version)"
}
engine_release() {
  ((ENGINE_STARTED)) || return 0
  ENGINE_STARTED=0
  "$ROOT/scripts/engine" stop
}
