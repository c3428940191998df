# Minimal static libcurl and libarchive from Debian's source packages, for the release build. Source it; it runs nothing.
# shellcheck shell=bash

# Debian's static versions need dozens of libraries. Ours are built again if their options change or Debian publishes a new version:
# a stamp holds the versions that they were made from, as this machine's package lists have them.
CURL_OPTIONS=(
  -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF
  -DCURL_USE_OPENSSL=ON -DCURL_ZLIB=ON -DENABLE_UNIX_SOCKETS=ON -DENABLE_THREADED_RESOLVER=ON
  -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=/etc/ssl/certs
  -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBPSL=OFF
  -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DUSE_LIBRTMP=OFF
  -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON)
for protocol in DICT FTP GOPHER IMAP LDAP LDAPS MQTT POP3 RTSP SMB SMTP TELNET TFTP; do
  CURL_OPTIONS+=("-DCURL_DISABLE_$protocol=ON")
done
ARCHIVE_OPTIONS=(-DENABLE_ZLIB=ON)
for feature in OPENSSL MBEDTLS NETTLE LIBXML2 EXPAT ACL XATTR ICONV BZip2 LZMA ZSTD LZ4 LZO LIBB2 LIBGCC \
  PCREPOSIX CNG TEST TAR CPIO CAT; do
  ARCHIVE_OPTIONS+=("-DENABLE_$feature=OFF")
done

static_deps_key() { hash_of "${CURL_OPTIONS[@]}" "${ARCHIVE_OPTIONS[@]}" "$(declare -f build_static)"; }
# Of the packages that come from the same sources; OpenSSL and zlib are linked as Debian has built them.
static_versions() {
  apt-cache policy libcurl4-openssl-dev libarchive-dev libssl-dev zlib1g-dev | sed -n 's/^\([a-z0-9-]*\):$/\1/p; s/^ *Candidate: //p' | paste -sd ' '
}
static_deps_ready() {
  stamped static-deps "$(static_deps_key)" && [[ -f $STATIC_DIR/lib/libcurl.a && -f $STATIC_DIR/lib/libarchive.a ]] || return
  [[ ! -f $STAMPS/static-versions ]] || stamped static-versions "$(static_versions)"
}

# build_static NAME OPTIONS...: fetch Debian's source of NAME (its patches applied), build and install it.
build_static() {
  local name=$1 source
  shift
  cd "$STATE/static-src" || return
  apt-get -q -o APT::Sandbox::User=root source "$name"
  source=$(find . -maxdepth 1 -type d -name "$name-*" | head -1)
  CC=clang-19 CXX=clang++-19 cmake -S "$source" -B "$name-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="-fPIC -ffunction-sections -fdata-sections" -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_INSTALL_PREFIX="$STATIC_DIR" -DCMAKE_INSTALL_LIBDIR=lib "$@"
  cmake --build "$name-build"
  cmake --install "$name-build"
}

build_static_deps() {
  rm -rf "$STATE/static-src" "$STATIC_DIR"
  mkdir -p "$STATE/static-src"
  add_sources
  apt update
  # At the same time: configuring takes one processor, and longer than compiling.
  local archive
  (set -e; build_static libarchive "${ARCHIVE_OPTIONS[@]}") &
  archive=$!
  build_static curl "${CURL_OPTIONS[@]}"
  wait "$archive"
  # Both must link with only OpenSSL and zlib.
  cat >"$STATE/static-src/probe.c" <<'C'
#include <archive.h>
#include <curl/curl.h>
#include <stdio.h>
int main(void) {
  puts(curl_version());
  puts(archive_version_details());
  struct archive *a = archive_write_new();
  return !a || archive_write_add_filter_gzip(a) || archive_write_set_format_pax_restricted(a);
}
C
  clang-19 -static -DCURL_STATICLIB -I"$STATIC_DIR/include" "$STATE/static-src/probe.c" -o "$STATE/static-src/probe" \
    "$STATIC_DIR/lib/libcurl.a" "$STATIC_DIR/lib/libarchive.a" -lssl -lcrypto -lz -lpthread
  "$STATE/static-src/probe"
  rm -rf "$STATE/static-src" "$STATIC_DIR"/lib/cmake "$STATIC_DIR"/lib/*.so*
  stamp static-versions "$(static_versions)"
  stamp static-deps "$(static_deps_key)"
}
