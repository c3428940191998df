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
