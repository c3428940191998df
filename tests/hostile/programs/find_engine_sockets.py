# Prints the sockets of engines that it finds.

import os
print([p for p in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock') if os.path.exists(p)])
