# Fills the folder of the run with one file.
#
# verdict: disk_limit
# exit code: 122
# output matches: No space left
# gvisor: the same

with open("/sandbox/big", "wb") as f:
    while True:
        f.write(b"x" * 1_000_000)
        f.flush()
