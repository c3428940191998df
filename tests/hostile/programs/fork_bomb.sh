# Starts two copies of itself, and so on.
#
# options: --pids 64 --timeout 4
# verdict: process_limit or timeout
# gvisor: the same

b() { b | b & }
b
wait
sleep 10
