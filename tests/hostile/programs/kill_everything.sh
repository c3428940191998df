# Sends SIGKILL to every process that it may signal. It must reach its own child and not the supervisor.
#
# verdict: failed
# exit code: 9
# output matches: alone\n$
# gvisor: the same

sleep 50 &
kill -KILL -1
wait 2>/dev/null
echo alone
exit 9
