# Writes a file that is larger than the limit, and lets the signal of the limit end it.
#
# configuration: {"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}
# verdict: disk_limit
# exit code: 122
# output: ""
# result: {"signal": 25}
# gvisor: the same

import signal

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
with open("/tmp/big", "wb") as f:
    while True:
        f.write(b"x" * 100_000)
