# What `scripts/bench speed` compares with, from PyPI and npm in a folder of its own. Source it; it runs nothing.
# shellcheck shell=bash

DOCKER_PY_VERSION=7.1.0
LLM_SANDBOX_VERSION=0.3.46
DOCKERODE_VERSION=4.0.12
PEERS=$STATE/peers     # PEERS/venv/bin/python3, PEERS/node_modules/dockerode

peers_key() { hash_of "$DOCKER_PY_VERSION" "$LLM_SANDBOX_VERSION" "$DOCKERODE_VERSION" "$(python3 --version)"; }
peers_ready() { stamped peers "$(peers_key)" && [[ -x $PEERS/venv/bin/python3 && -d $PEERS/node_modules/dockerode ]]; }

install_peers() {
  rm -rf "$PEERS" "$STAMPS/peers"
  mkdir -p "$PEERS"
  python3 -m venv "$PEERS/venv"
  "$PEERS/venv/bin/pip" install -q --disable-pip-version-check "docker==$DOCKER_PY_VERSION" "llm-sandbox==$LLM_SANDBOX_VERSION"
  (cd "$PEERS" && npm install --no-audit --no-fund --no-save --prefix . "dockerode@$DOCKERODE_VERSION")
  stamp peers "$(peers_key)"
}
