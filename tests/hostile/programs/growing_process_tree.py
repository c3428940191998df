# Ends while its children still start children.
#
# options: --pids 256
# verdict: ok
# output: "done\n"
# seconds: 10
# gvisor seconds: 20

import os, time


def tree(depth):
    for _ in range(3):
        if os.fork() == 0:
            if depth:
                tree(depth - 1)
            time.sleep(50)
            os._exit(0)


for _ in range(4):
    if os.fork() == 0:
        tree(2)
        time.sleep(50)
        os._exit(0)
print("done", flush=True)
os._exit(0)
