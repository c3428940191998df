"""S02: programs that would freeze, silence, slow or end process 1. They have its uid, so the kernel's own checks are not enough. Each must end as it would without the attack."""
from attacks import CALL
from hostile_case import GVISOR_END, Case

# Fills what the kernel grants a user of queued signals: one more signal then has no sender, as if it came from outside.
EXHAUSTED = CALL + """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
while libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), None) == 0: pass
"""
ENDED = {"verdict": ("ok", "signalled", "timeout"), "code": None, "text": None, "may_lose_output": True}  # under gVisor a program may end its own sandbox, and nothing else
HANG = "while True: time.sleep(1)\n"
# Each limit of process 1 in turn, by every spelling of its number.
LIMITS_OF_1 = """
done = []
zero = (ctypes.c_ulong * 2)(0, 0)
for which in range(16):
    for one in (1, 1 | 1 << 32, 1 | 0xdeadbeef << 32):
        if call(302, ctypes.c_ulong(one), which, ctypes.byref(zero), None) != 'EPERM': done.append((which, hex(one)))
"""
# Its priority, policy and processors: with the lowest of each it would hardly run beside a program that takes all it can get.
PRIORITIES_OF_1 = """
param = (ctypes.c_int * 1)(0)
mask = (ctypes.c_ulong * 16)(1)
attributes = (ctypes.c_uint * 12)(48, 5)
HIGH = 0xdeadbeef << 32
done = []
for one in (1, 1 | 1 << 32, 1 | HIGH):
    one = ctypes.c_ulong(one)
    for name, answer in (('setpriority', call(141, 0, one, 19)), ('setpriority of a group', call(141, 1, one, 19)), ('sched_setscheduler', call(144, one, 5, param)),
                         ('sched_setparam', call(142, one, param)), ('sched_setaffinity', call(203, one, 128, mask)), ('sched_setattr', call(314, one, attributes, 0)),
                         ('ioprio_set', call(251, 1, one, 3 << 13))):
        if answer != 'EPERM': done.append((name, hex(one.value), answer))
for who in (0, os.getuid()):
    for name, answer in (('setpriority of a user', call(141, 2, who, 19)), ('the same', call(141, ctypes.c_ulong(2 | HIGH), who, 19)), ('ioprio_set of a user', call(251, 3, who, 3 << 13))):
        if answer != 'EPERM': done.append((name, who, answer))
"""
# Takes every processor with threads and children, none of which ever waits.
HOGS = "for _ in range(20):\n  if os.fork() == 0:\n    while True: pass\n"

SUPERVISOR = [
    Case("no limit of process 1 can be set", CALL + LIMITS_OF_1 + "print(done)\n", text="[]\n"),
    Case("process 1 is not frozen by its limit on open files",
         "import resource, time\nfor limit in (0, 1, 3, 7):\n  try: resource.prlimit(1, resource.RLIMIT_NOFILE, (limit, limit)); print('done')\n  except PermissionError: pass\n" + HANG,
         options=("--timeout", "2"), verdict=("timeout",), code=124, text="", gvisor=ENDED),
    Case("process 1 is not killed by its limit on CPU time",
         "import resource, time\ntry: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0)); print('done')\nexcept PermissionError: pass\ntime.sleep(1)\n", text=""),
    Case("a signal that seems to come from outside is nobody's", EXHAUSTED +
         "import time\nfor n in range(1, 65):\n  for _ in range(3):\n    call(234, 1, 1, n)\n    call(62, 1, n)\n    call(200, 1, n)\ntime.sleep(0.5)\nprint('alive', os.getppid())\n",
         text="alive 1\n", gvisor=ENDED | {"note": None}),
    Case("signals with what a sender may add mean nothing", EXHAUSTED +
         "import time\nchild = call(434, 1, 0)\nfor code in (-1, -2, -6, -60):\n  for n in range(1, 65):\n    info = (ctypes.c_int * 32)(n, 0, code)\n"
         "    call(129, 1, n, info)\n    call(297, 1, 1, n, info)\n    call(424, child, n, info, 0)\n    call(424, child, n, None, 0)\ntime.sleep(0.5)\nprint('alive', os.getppid())\n",
         text="alive 1\n", gvisor=ENDED),
    Case("signals that a descriptor sends for its owner mean nothing", EXHAUSTED +
         "import fcntl, socket, time\na, b = socket.socketpair()\nfcntl.fcntl(a, fcntl.F_SETOWN, 1)\nfcntl.fcntl(a, fcntl.F_SETFL, fcntl.fcntl(a, fcntl.F_GETFL) | os.O_ASYNC)\n"
         "for n in range(0, 65):\n  fcntl.fcntl(a, 10, n)\n  for _ in range(3): b.send(b'x'); a.recv(1)\ntime.sleep(0.5)\nprint('alive', os.getppid())\n",
         text="alive 1\n", gvisor=ENDED),
    Case("process 1 comes no later than others", CALL + PRIORITIES_OF_1 + "print(done)\n", text="[]\n"),
    Case("process 1 keeps its deadline beside programs that take every processor", CALL + PRIORITIES_OF_1 + HOGS + "while True: pass\n",
         options=("--timeout", "2"), verdict=("timeout",), code=124, text="", seconds=10),
    Case("its own limits, priority and processors are a program's to set",
         "import os, resource\nchild = os.fork()\nif child == 0:\n  import time\n  time.sleep(50)\n"
         "for who in (0, os.getpid(), child):\n  resource.prlimit(who, resource.RLIMIT_NOFILE, (64, 64))\n  os.sched_setaffinity(who, os.sched_getaffinity(0))\n"
         "  os.sched_setscheduler(who, os.SCHED_BATCH, os.sched_param(0))\n  os.setpriority(os.PRIO_PROCESS, who, 5)\nos.setpriority(os.PRIO_PGRP, 0, 6)\n"
         "print(resource.prlimit(1, resource.RLIMIT_CORE), os.getpriority(os.PRIO_PROCESS, child), os.sched_getscheduler(child))\n",
         text="(0, 0) 6 3\n"),
    Case("children that end without end keep it from nothing",
         "import os\nfor _ in range(6):\n  if os.fork() == 0:\n    while True:\n      try:\n        if os.fork() == 0:\n          if os.fork() == 0: os._exit(0)\n          os._exit(0)\n        os.wait()\n      except OSError: pass\n"
         "import time\n" + HANG, options=("--timeout", "2", "--cpus", "2"), verdict=("timeout",), code=124, text="", seconds=10, alone=True),
    Case("a child's end that is told without end keeps it from nothing",
         "import os, signal, time\nfor _ in range(6):\n  if os.fork() == 0:\n    while True: os.kill(1, signal.SIGCHLD)\n" + HANG,
         options=("--timeout", "2", "--cpus", "2"), verdict=("timeout",), code=124, text="", alone=True, gvisor={}),
    Case("its pipes are no way to stop it",
         "import fcntl, os, time\nfor fd in (0, 1, 2):\n  for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):\n    try: other = os.open(f'/proc/self/fd/{fd}', flags | os.O_NONBLOCK)\n    except OSError: continue\n"
         "    for setting in (0, os.O_NONBLOCK, os.O_DIRECT, os.O_ASYNC):\n      try: fcntl.fcntl(other, fcntl.F_SETFL, setting)\n      except OSError: pass\n    try: fcntl.fcntl(other, 1031, 4096)\n    except OSError: pass\n" + HANG,
         options=("--timeout", "2"), verdict=("timeout",), code=124, text=""),
    Case("killing process 1 with a queue that is full", EXHAUSTED + "import time\nfor n in (9, 15, 19, 11):\n  call(62, 1, n)\n  call(234, 1, 1, n)\ntime.sleep(0.3)\nprint('alive')\n",
         text="alive\n", gvisor={"verdict": ("signalled",), "code": 137, "text": "", "note": GVISOR_END}),
]
