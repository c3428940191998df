# Children that take every processor and never wait.
for _ in range(20):
    if os.fork() == 0:
        while True:
            pass
