"""Never ends by itself: stop it in the editor, with Ctrl-C, or wait for the time limit (60 s)."""
import itertools
import time

for second in itertools.count():
    print(f"still here after {second} s")
    time.sleep(1)
