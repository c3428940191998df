# A child of the shell writes a file that is larger than the limit. The verdict must come from what the
# shell says of it.
#
# configuration: {"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}
# verdict: disk_limit
# exit code: 122
# gvisor: the same

head -c 5000000 /dev/zero >/tmp/big
