# Starts threads without end.
#
# options: --pids 32
# verdict: process_limit
# exit code: 121
# output matches: can't start new thread
# gvisor output matches: any

import threading

hold = threading.Event()
while True:
    threading.Thread(target=hold.wait, daemon=True).start()
