# Leaves a child in the background that keeps the output open. The run must end with the program.
#
# verdict: ok
# output: "done\n"
# seconds: 10
# gvisor: the same

(sleep 50; echo late) &
echo done
