# Replaces itself by a new copy of itself, without end.
#
# options: --timeout 1
# verdict: timeout
# exit code: 124
# output: ""

import os, sys

os.execv(sys.executable, [sys.executable, "-c", "import os, sys; os.execv(sys.executable, sys.orig_argv)"])
