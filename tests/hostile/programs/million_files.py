# Makes a million empty files in /tmp.
#
# verdict: disk_limit
# exit code: 122
# output matches: No space left

for n in range(1_000_000):
    open(f"/tmp/{n}", "w").close()
