#!/bin/sh
# Healthy: the engine answers on its own socket, and the sandboxes' name service lives.
docker -H unix:///var/run/docker.sock info --format 'engine {{.ServerVersion}}' && kill -0 "$(cat /run/dind-dnsmasq.pid)"
