# The compose environment: its images' contents, and how it is started on an engine. Source it, after common, engine, node
# and packages; it runs nothing.
# shellcheck shell=bash

# stack_parts: our files for the images, into dist/image/. Unchanged files stay as they are, and so do their images. A .vsix
# contains its build time, so its input is compared.
stack_parts() {
  local parts=$ROOT/dist/image key files each
  "$ROOT/scripts/package"
  mkdir -p "$parts"
  cmp -s "$ROOT/build/release/dind-executor" "$parts/dind-executor" || cp "$ROOT/build/release/dind-executor" "$parts/dind-executor"
  # The certificate authorities with which the build reaches PyPI: those of this machine. Without such a file, pip has its own.
  [[ -f $parts/ca-certificates.crt ]] || : >"$parts/ca-certificates.crt"
  for each in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem; do
    [[ -s $each ]] || continue
    cmp -s "$each" "$parts/ca-certificates.crt" || cp "$each" "$parts/ca-certificates.crt"
    break
  done
  mapfile -t files < <(find "$ROOT/build/vsix-stage" -type f | sort)
  key=$(hash_of "${files[@]}")
  [[ -f $parts/dind-executor.vsix && $(cat "$parts/vsix-key" 2>/dev/null) == "$key" ]] && return
  cp "$ROOT/dist/dind-executor-linux-x64.vsix" "$parts/dind-executor.vsix"
  echo "$key" >"$parts/vsix-key"
}

engine_cpus() { engine_api GET /info --max-time 10 | python3 -c 'import json,sys; print(json.load(sys.stdin)["NCPU"])'; }

# If this process lacks a capability, its engine can't give all of them to a container and refuses to start it: try it.
privileged_works() { docker run --rm --privileged --network none dind-executor/base:bookworm true >/dev/null 2>&1; }

# stack_files: the compose files for this engine, as arguments.
stack_files() {
  printf -- '-f\n%s\n' "$ROOT/docker-compose.yml" "$ROOT/docker-compose.dind.yml"
  privileged_works || printf -- '-f\n%s\n' "$ROOT/tests/stack/docker-compose.override.yml"
}

stack_compose() {
  local compose=(docker-compose) files cpus
  command -v docker-compose >/dev/null || compose=(docker compose)
  # docker-compose 1 uses DOCKER_HOST from .env, which is meant for the stack.
  [[ -n ${DOCKER_HOST:-} || $(docker-compose version --short 2>/dev/null) != 1.* ]] || compose+=(-c default)
  cd "$ROOT" || return
  mapfile -t files < <(stack_files)
  cpus=$(engine_cpus)
  ((cpus >= 4)) || [[ -n ${DIND_CPUS:-} ]] || grep -qs '^DIND_CPUS=' .env || export DIND_CPUS=$cpus
  "${compose[@]}" "${files[@]}" "$@"
}

# --- for the tests

# Images that stand in for public ones, from tests/stack/images and what this machine has.
stack_test_images() {
  local folder=$ROOT/tests/stack/images
  tar --owner=0 --group=0 -h -c -C "$folder/test-python" . -C /etc/ssl/certs ca-certificates.crt | stack_test_image test-python &&
    tar --owner=0 --group=0 -c -C "$folder/test-node" . | stack_test_image test-node
}
stack_test_image() { # NAME, its context on stdin
  engine_api POST "/build?t=dind-executor/$1:bookworm&rm=1&forcerm=1" --max-time 600 -H 'Content-Type: application/x-tar' -H 'Expect:' -T - -N |
    python3 "$ROOT/scripts/lib/engine-stream.py"
}

# docker compose 2 is in Debian 13, not in 12. It is one static program, so it is only unpacked.
COMPOSE_2=$STATE/compose-2/usr/libexec/docker/cli-plugins/docker-compose
fetch_compose_2() {
  local apt=$STATE/compose-2/apt uri options
  know_mirrors
  uri=$(mirror_of bookworm)
  rm -rf "$STATE/compose-2"
  mkdir -p "$apt"/{lists,cache/archives}/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri trixie main" >"$apt/sources.list"
  options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::Languages=none)
  apt-get "${options[@]}" update
  cd "$apt" || return
  apt-get "${options[@]}" download docker-compose/trixie
  dpkg-deb -x docker-compose_*.deb "$STATE/compose-2"
  "$COMPOSE_2" version
  rm -rf "$apt"
}
