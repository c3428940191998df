# The CA certificates that the operator has put into configuration/certificates. Sourced by the entrypoints.
# shellcheck shell=sh

# trust FILE: FILE holds the usual certificates and those; fails where there are none of those.
trust() {
  for each in /etc/dind-executor/certificates/*.crt; do
    [ -s "$each" ] || return 1
    cat /etc/ssl/certs/ca-certificates.crt /etc/dind-executor/certificates/*.crt >"$1"
    return 0
  done
}

# name_bundle FILE: tells what has a network in this container (pip, curl, git, Node, cargo) of it.
name_bundle() {
  export SSL_CERT_FILE="$1" PIP_CERT="$1" REQUESTS_CA_BUNDLE="$1" CURL_CA_BUNDLE="$1" NODE_EXTRA_CA_CERTS="$1" CARGO_HTTP_CAINFO="$1" GIT_SSL_CAINFO="$1"
}
