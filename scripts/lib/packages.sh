# The Debian packages of each part of the project, and how they are installed. Source it; it runs nothing.
# shellcheck shell=bash

PACKAGES_all=(ca-certificates curl git python3 xz-utils procps iproute2)
PACKAGES_build=(
  clang-19 clang-tidy-19 clang-format-19 lld-19 libclang-rt-19-dev llvm-19 ccache ninja-build cmake pkg-config
  libboost1.81-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libcurl4-openssl-dev libarchive-dev libssl-dev
  zlib1g-dev libsqlite3-dev libcli11-dev musl-tools linux-libc-dev dpkg-dev build-essential shellcheck)
PACKAGES_engine=(docker.io neovim openssl iptables mmdebstrap busybox-static kmod docker-registry apache2-utils runsc docker-compose)
PACKAGES_editor=(chromium fonts-noto-cjk build-essential shellcheck)
PACKAGES_python=(python3-venv python3-fastapi python3-uvicorn)  # the client's tools, and what examples/fastapi runs on
BACKPORT=catch2                # of bookworm it is 2.13; of backports 3.7.1, and nothing else is taken from there

# packages_for PART...: names, one a line.
packages_for() {
  local part list
  for part in all "$@"; do
    list="PACKAGES_${part}[@]"
    printf '%s\n' "${!list}"
  done | sort -u
}

installed_version() { dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

missing_packages() {
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
  packages_for "$@" | grep -vxF "$have" || true
}

backport_missing() { [[ $(installed_version "$BACKPORT") != 3.* ]]; }

# npm: Debian's only if the machine has none that is new enough to install ours.
npm_missing() {
  local version
  [[ -x $NODE_DIR/bin/npm ]] && return 1
  version=$(npm --version 2>/dev/null) || return 0
  ((${version%%.*} < 9))
}

# mirror_of SUITE: the address from which this machine takes SUITE (deb822 and one-line sources alike).
# shellcheck disable=SC2016
mirror_of() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$1" '$2 == suite && $3 == "main" && !n++ { print $1 }'
}

# keyring_of URI: the Signed-By of the machine's own entry: apt refuses two entries of one suite that differ in it.
keyring_of() {
  local file
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list; do
    [[ -f $file && $file != */dind-executor.list ]] && grep -qF -- "${1%/}" "$file" || continue
    sed -nE 's/^[Ss]igned-[Bb]y: *(\/\S+).*/\1/p; s/^deb .*\[.*signed-by=([^] ]+).*/\1/p' "$file" | head -n 1
    return
  done
}

# debian_lines TYPE SUITE...: sources lines on the machine's own mirror; suites that it does not have are left out.
debian_lines() {
  local type=$1 suite uri keyring options
  shift
  for suite in "$@"; do
    uri=$(mirror_of "${suite%-backports}")
    [[ -n $uri ]] || continue
    keyring=$(keyring_of "$uri")
    options=''
    [[ -n $keyring && $type != plain ]] && options="[signed-by=$keyring] "
    printf '%s %s%s %s main\n' "${type/plain/deb}" "$options" "$uri" "$suite"
  done
}

write_if_new() { # FILE, content on stdin
  local content
  content=$(cat)
  [[ -f $1 && $(<"$1") == "$content" ]] || as_root tee "$1" <<<"$content" >/dev/null
}

# apt knows its mirrors by suite only after an update.
know_mirrors() {
  [[ -n $(mirror_of bookworm) ]] || apt update
  [[ -n $(mirror_of bookworm) ]] || die "apt has no entry for Debian bookworm (main): this project is built on Debian 12"
}

add_sources() {
  know_mirrors
  { echo "# dind-executor: Catch2 3, and the sources of the libraries that the release build links statically"
    debian_lines deb bookworm-backports
    debian_lines deb-src bookworm bookworm-security; } | write_if_new /etc/apt/sources.list.d/dind-executor.list
  printf 'Package: %s\nPin: release n=bookworm-backports\nPin-Priority: 990\n' "$BACKPORT" |
    write_if_new /etc/apt/preferences.d/dind-executor
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"; }

install_packages() { # PACKAGE...
  add_sources
  apt update
  apt install --no-install-recommends "$@"
}
