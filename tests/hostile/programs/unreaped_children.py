# Starts children that end at once, and never waits for one. They must count as processes.
#
# options: --pids 32
# verdict: process_limit
# exit code: 121

import os

while True:
    if os.fork() == 0:
        os._exit(0)
