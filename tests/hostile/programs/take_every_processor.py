# Takes every processor, after it has tried to lower the priority of process 1. The timeout must hold. On a
# busy machine the report of the end may be late.
#
# with: calls priorities_of_1 hogs
# options: --timeout 2
# verdict: timeout
# exit code: 124
# output: ""
# seconds: 10
# exit report may be late: yes

while True:
    pass
