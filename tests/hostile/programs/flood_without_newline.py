# Prints without end, and never ends the line.
#
# configuration: {"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}
# verdict: output_limit
# exit code: 123
# output bytes: 1048576
# gvisor: the same

import os

while True:
    os.write(1, b"x" * 65536)
