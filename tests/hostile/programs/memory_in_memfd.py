# Fills a file that has no name and is in memory. It must count as memory.
#
# options: --memory 64m
# verdict: out_of_memory
# exit code: 137

import os

fd = os.memfd_create("x")
while True:
    os.write(fd, b"x" * 1_000_000)
