#!/bin/sh
# with-certificates COMMAND…: the command trusts the certificates in /etc/dind-executor/certificates besides the usual ones, as the
# services of the stack do. For a Dockerfile of your own: RUN with-certificates pip install …
set -eu
. /usr/local/lib/dind/trust.sh
bundle=$(mktemp)
trap 'rm -f "$bundle"' EXIT
! trust "$bundle" || name_bundle "$bundle"
"$@"
