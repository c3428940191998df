"""Prints a line every 100 ms, 30 times: watch them come one by one."""
import time

for number in range(1, 31):
    print(f"line {number} of 30")
    time.sleep(0.1)
