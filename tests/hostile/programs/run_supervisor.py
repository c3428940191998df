# Runs the supervisor's own program, as the engine does for the egress filter. It must give no power.
#
# verdict: ok
# output: "1 not filtered\n"

import subprocess

done = subprocess.run(["/.dind/supervisor", "--egress-filter"], capture_output=True, text=True)
print(done.returncode, done.stdout.split(":")[0])
