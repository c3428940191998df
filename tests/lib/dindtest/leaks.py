"""Lists what carries our label on the engine of DOCKER_HOST; exits 1 if there is anything. DIND_REMOVE=1 removes it."""
import http.client
import json
import os
import socket
import sys
import time
import urllib.parse

LABEL = "dind-executor.owner"
HOST = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def call(method, path):
    if HOST.startswith("unix://"):
        connection = http.client.HTTPConnection("engine", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(HOST[7:])
    else:
        connection = http.client.HTTPConnection(HOST.split("//")[1], timeout=60)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status >= 400 and reply.status not in (404, 409):
        sys.exit(f"{method} {path}: {reply.status} {body.decode(errors='replace')}")
    return json.loads(body) if body else None


def labelled(waiting=True):
    """Without `waiting` not the sandboxes that wait for a next run, as they do while a server lives that many tests share."""
    query = "filters=" + urllib.parse.quote(json.dumps({"label": [LABEL]}))
    for each in call("GET", "/containers/json?all=1&" + query):
        if not waiting and each["Names"] and each["Names"][0].startswith("/dind-prestarted-"):
            continue
        yield "container", f"{each['Id'][:12]} {each['State']} {each['Names']} {each['Image']}", "/containers/" + each["Id"] + "?force=1&v=1"
    for each in call("GET", "/volumes?" + query)["Volumes"] or []:
        yield "volume", each["Name"], "/volumes/" + each["Name"] + "?force=1"
    for each in call("GET", "/networks?" + query):
        yield "network", each["Name"], "/networks/" + each["Id"]


def main():
    for attempt in range(20):  # a removal that is under way may end
        found = list(labelled())
        if not found:
            sys.exit(0)
        time.sleep(0.1)
    for kind, what, path in found:
        print(f"left behind: {kind} {what}")
        if os.environ.get("DIND_REMOVE"):
            call("DELETE", path)
    sys.exit(1)


if __name__ == "__main__":
    main()
