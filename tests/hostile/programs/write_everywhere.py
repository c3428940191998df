# Tries to write into every folder. It prints those where it was possible.
#
# verdict: ok
# output: "['/dev/mqueue', '/dev/shm', '/sandbox', '/tmp']\n"
# gvisor output: "['/dev/shm', '/sandbox', '/tmp']\n"

import os

open_to = []
for top, folders, _ in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders.clear()
        continue
    try:
        open(top + "/probe", "w").close()
        open_to.append(top)
    except OSError:
        pass
print(sorted(open_to))
