# Tries to let process 1 run after all others. It prints what was possible.
#
# with: calls priorities_of_1
# verdict: ok
# output: "[]\n"

print(done)
