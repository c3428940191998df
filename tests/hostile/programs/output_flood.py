# Prints lines without end.
#
# configuration: {"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}
# verdict: output_limit
# exit code: 123
# output bytes: 1048576
# gvisor: the same

while True:
    print("x" * 4000)
