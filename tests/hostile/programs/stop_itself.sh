# Stops itself with SIGSTOP.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""
# gvisor: the same

kill -STOP $$
echo never
