# Runs without end. It must meet its timeout.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""
# gvisor options: --timeout 3

while True:
    pass
