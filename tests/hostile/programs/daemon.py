# Leaves a daemon that forked twice and has a session of its own. The run must end with the program.
#
# verdict: ok
# output: "parent done\n"
# seconds: 10
# gvisor: the same

import os, time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(1)
    os._exit(0)
os.wait()
print("parent done")
