# Opens pseudo-terminals without end.
#
# verdict: failed
# exit code: 1
# output matches: OSError

import os

made = []
while True:
    made.append(os.openpty())
