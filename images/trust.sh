# The CA certificates that the operator has put into configuration/certificates. Sourced by the entrypoints.
# shellcheck shell=sh

OPERATORS_FOLDER=/etc/dind-executor/certificates
USUAL_BUNDLE=/etc/ssl/certs/ca-certificates.crt

# certificate_problem PATH: why the file can't be used, and what to do; fails if it can be used.
certificate_problem() {
  if [ ! -f "$1" ]; then
    echo "is not a file"
  elif [ ! -r "$1" ]; then
    echo "can't be read by uid $(id -u): make it readable with chmod a+r"
  elif [ ! -s "$1" ]; then
    echo "is empty"
  elif ! grep -q '^-----BEGIN CERTIFICATE-----' "$1"; then
    echo "holds no certificate in PEM: convert it, such as by openssl x509 -inform der -in FILE -out FILE.crt"
  else
    return 1
  fi
}

# trust FILE: writes the usual certificates and the operator's to FILE; fails if the operator has none. A file that can't be used is a warning;
# the others are used. (K04)
trust() (
  skip() { printf 'dind: warning: %s %s; its certificates are not trusted here\n' "$1" "$2" >&2; }
  if [ -d "$OPERATORS_FOLDER" ] && ! { [ -r "$OPERATORS_FOLDER" ] && [ -x "$OPERATORS_FOLDER" ]; }; then
    skip "$OPERATORS_FOLDER" "can't be read by uid $(id -u): make it readable with chmod a+rx"
  fi
  bundle=$1 found=0
  for each in "$OPERATORS_FOLDER"/*.crt; do
    [ -e "$each" ] || [ -L "$each" ] || continue # no file at all: the pattern itself
    if problem=$(certificate_problem "$each"); then
      skip "$each" "$problem"
      continue
    fi
    [ $found = 1 ] || cat "$USUAL_BUNDLE" >"$bundle"
    found=1
    # A file may end without a newline; the next one begins on a line of its own all the same.
    { echo && cat "$each"; } >>"$bundle"
  done
  [ $found = 1 ]
)

# name_bundle FILE: sets the variables by which the tools of this container (pip, curl, git, Node, cargo) find it.
name_bundle() {
  export SSL_CERT_FILE="$1" PIP_CERT="$1" REQUESTS_CA_BUNDLE="$1" CURL_CA_BUNDLE="$1" NODE_EXTRA_CA_CERTS="$1" CARGO_HTTP_CAINFO="$1" GIT_SSL_CAINFO="$1"
}
