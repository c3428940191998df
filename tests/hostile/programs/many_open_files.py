# Opens more files than the limit allows.
#
# configuration: {"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}
# verdict: failed
# exit code: 1
# output matches: Too many open files
# gvisor: the same

files = []
while len(files) < 2000:
    files.append(open("/dev/null"))
