#!/bin/sh
# Healthy: the engine answers on its own socket, the sandboxes' name service lives, and the workspace has its name in the engine.
docker -H unix:///var/run/docker.sock info --format 'engine {{.ServerVersion}}' && kill -0 "$(cat /run/dind-dnsmasq.pid)" && [ -e /run/dind-ready ]
