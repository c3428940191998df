#!/bin/sh
# Makes the stack's certificates where they are missing or about to end: a CA, the engine's and the clients'.
# /certs is the engine's alone; /certs/client (ca, cert, key) is what the other containers get, read-only.
#
#   certificates.sh         makes them
#   certificates.sh check   makes nothing: a line for each that ends within 30 days
set -eu
umask 077
root=${CERTIFICATES:-/certs}
mkdir -p "$root/ca" "$root/server" "$root/client"
chmod 755 "$root" "$root/client"

month=2592000
lasts() { openssl x509 -in "$1" -noout -checkend $month >/dev/null 2>&1; }

if [ "${1:-}" = check ]; then
  for each in ca server client; do
    lasts "$root/$each/cert.pem" ||
      printf 'dind: warning: the certificate %s/%s/cert.pem ends on %s; a restart of all three services makes a new one: docker-compose -f docker-compose.yml -f docker-compose.dind.yml restart\n' \
        "$root" "$each" "$(openssl x509 -in "$root/$each/cert.pem" -noout -enddate | sed 's/.*=//')" >&2
  done
  exit
fi

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.part" && mv "$1.part" "$1"; }

if ! lasts "$root/ca/cert.pem" || [ ! -s "$root/ca/key.pem" ]; then
  new_key "$root/ca/key.pem"
  openssl req -new -x509 -key "$root/ca/key.pem" -sha256 -days 3650 -subj "/CN=dind-executor stack" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$root/ca/cert.pem"
  rm -f "$root/server/cert.pem" "$root/client/cert.pem"
fi

# leaf FOLDER SUBJECT EXTENSIONS
leaf() {
  signed=0
  if lasts "$root/$1/cert.pem" && openssl verify -CAfile "$root/ca/cert.pem" "$root/$1/cert.pem" >/dev/null 2>&1 && [ -s "$root/$1/key.pem" ]; then signed=1; fi
  if [ $signed = 0 ]; then
    new_key "$root/$1/key.pem"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n%b' "$3" >"$root/$1/extensions"
    openssl req -new -key "$root/$1/key.pem" -subj "/CN=$2" -out "$root/$1/request.pem"
    openssl x509 -req -in "$root/$1/request.pem" -CA "$root/ca/cert.pem" -CAkey "$root/ca/key.pem" -CAcreateserial \
      -sha256 -days 825 -extfile "$root/$1/extensions" -out "$root/$1/cert.pem" 2>/dev/null
    rm -f "$root/$1/request.pem" "$root/$1/extensions"
    printf 'dind: a new certificate for %s\n' "$2" >&2
  fi
  cp "$root/ca/cert.pem" "$root/$1/ca.pem"
}
leaf server dind 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:dind,DNS:claude-dind,DNS:localhost,IP:127.0.0.1\n'
leaf client "dind-executor client" 'extendedKeyUsage=clientAuth\n'
# The people of the other containers are uid 1000.
chmod 644 "$root/client/ca.pem" "$root/client/cert.pem"
chown 1000:1000 "$root/client/key.pem"
chmod 400 "$root/client/key.pem"
