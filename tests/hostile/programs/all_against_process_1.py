# Tries all that might stop process 1, then takes every processor. The test ends the engine's client and looks at what is left.
#
# with: calls limits_of_1 priorities_of_1 full_signal_queue hogs

print("up", flush=True)
while True:
    pass
