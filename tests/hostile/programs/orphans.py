# Leaves orphans, many times more than the limit allows, one after the other. Process 1 must wait for each.
# On a busy machine they end faster than process 1 waits for them, so a fork may fail for a moment.
#
# options: --pids 32
# verdict: ok
# output: "done\n"

import os, time


def fork():
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(0.001)


for n in range(200):
    if fork() == 0:
        if fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
print("done")
