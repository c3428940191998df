# Takes memory without end.
#
# options: --memory 64m
# verdict: out_of_memory
# exit code: 137
# output: ""
# result: {"oomSeen": true}
# gvisor options: --memory 128m

b = []
while True:
    b.append(bytearray(8_000_000))
