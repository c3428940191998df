# Lets children end without end, so that process 1 has to wait for them. The timeout must hold.
#
# options: --timeout 2 --cpus 2
# verdict: timeout
# exit code: 124
# output: ""
# seconds: 10
# measures time: yes

import os
import time

for _ in range(6):
    if os.fork() == 0:
        while True:
            try:
                if os.fork() == 0:
                    if os.fork() == 0:
                        os._exit(0)
                    os._exit(0)
                os.wait()
            except OSError:
                pass
while True:
    time.sleep(1)
