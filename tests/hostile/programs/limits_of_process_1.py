# Tries to set each limit of process 1. It prints what was possible.
#
# with: calls limits_of_1
# verdict: ok
# output: "[]\n"

print(done)
