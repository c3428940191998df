"""The programs: what they try, and what must come of it. Where `gvisor` is given, the case runs there too, with these differences;
a second is little for Python to start in there."""
from hostile_case import GVISOR_END, Case

SMALL = ("--memory", "64m")
ONE_MIB = '{"limits": {"defaults": {"output": "1m", "fileSize": "1m", "openFiles": 64}}}'
CTYPES = "import ctypes, os, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
# Makes a call and says its errno's name, or what it returned.
CALL = CTYPES + """
def call(number, *arguments):
    ctypes.set_errno(0)
    got = libc.syscall(number, *arguments)
    return errno.errorcode[ctypes.get_errno()] if got == -1 else got
"""

LIMITS = [
    Case("a program without end meets its timeout", "while True: pass\n", options=("--timeout", "1"), verdict=("timeout",), code=124, text="", gvisor={"options": ("--timeout", "3")}),
    Case("a memory bomb", "b = []\nwhile True: b.append(bytearray(8_000_000))\n", options=SMALL, verdict=("out_of_memory",), code=137, text="",
         fields=(("oomSeen", True),), gvisor={"options": ("--memory", "128m")}),
    Case("a child's memory bomb is the child's end, and the program's own end counts",
         "import os\nif os.fork() == 0:\n  b = []\n  while True: b.append(bytearray(8_000_000))\n_, status = os.wait()\nprint(os.WTERMSIG(status))\n",
         options=SMALL, text="9\n", fields=(("oomSeen", True),),
         gvisor={"options": ("--memory", "128m"), "verdict": ("out_of_memory",), "text": ""}),  # one kernel for all: it ends with them
    Case("memory in nameless files is memory",
         "import os\nfd = os.memfd_create('x')\nwhile True: os.write(fd, b'x' * 1_000_000)\n", options=SMALL, verdict=("out_of_memory",), code=137),
    Case("memory in System V segments is memory",
         CTYPES + "libc.shmat.restype = ctypes.c_void_p\nwhile True:\n  at = libc.shmat(libc.shmget(0, 16 << 20, 0o1600), None, 0)\n  ctypes.memset(at, 1, 16 << 20)\n",
         options=SMALL, verdict=("out_of_memory",), code=137),
    Case("a fork bomb", "b() { b | b & }\nb\nwait\nsleep 10\n", "sh", ("--pids", "64", "--timeout", "4"), verdict=("process_limit", "timeout"), gvisor={}),
    Case("a thread bomb",
         "import threading\nhold = threading.Event()\nwhile True: threading.Thread(target=hold.wait, daemon=True).start()\n",
         options=("--pids", "32"), verdict=("process_limit",), code=121, match="can't start new thread", gvisor={"match": None}),
    Case("children that nobody waits for count too",
         "import os\nwhile True:\n  if os.fork() == 0: os._exit(0)\n", options=("--pids", "32"), verdict=("process_limit",), code=121),
    Case("a full /tmp", "with open('/tmp/big', 'wb') as f:\n  while True: f.write(b'x' * 1_000_000); f.flush()\n",
         verdict=("disk_limit",), code=122, match="No space left", gvisor={}),
    Case("a full run folder", "with open('/sandbox/big', 'wb') as f:\n  while True: f.write(b'x' * 1_000_000); f.flush()\n",
         verdict=("disk_limit",), code=122, match="No space left", gvisor={}),
    Case("a full /dev/shm", "with open('/dev/shm/big', 'wb') as f:\n  while True: f.write(b'x' * 1_000_000); f.flush()\n",
         verdict=("disk_limit",), code=122, match="No space left", gvisor={}),
    Case("a million files are too many", "for n in range(1_000_000): open(f'/tmp/{n}', 'w').close()\n", verdict=("disk_limit",), code=122, match="No space left"),
    Case("a file that is too large", "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nwith open('/tmp/big', 'wb') as f:\n  while True: f.write(b'x' * 100_000)\n",
         config=ONE_MIB, verdict=("disk_limit",), code=122, text="", fields=(("signal", 25),), gvisor={}),
    Case("a child's file that is too large, and its shell's word for it", "head -c 5000000 /dev/zero >/tmp/big\n", "sh",
         config=ONE_MIB, verdict=("disk_limit",), code=122, gvisor={}),
    Case("too many open files", "files = []\nwhile len(files) < 2000: files.append(open('/dev/null'))\n", config=ONE_MIB, verdict=("failed",), code=1,
         match="Too many open files", gvisor={}),
    Case("terminals without end", "import os\nmade = []\nwhile True: made.append(os.openpty())\n", verdict=("failed",), code=1, match="OSError"),
    Case("an output flood", "while True: print('x' * 4000)\n", config=ONE_MIB, verdict=("output_limit",), code=123, size=1 << 20, gvisor={}),
    Case("a flood without a line's end", "import os\nwhile True: os.write(1, b'x' * 65536)\n", config=ONE_MIB, verdict=("output_limit",), code=123, size=1 << 20, gvisor={}),
    Case("limits can't be raised from inside",
         "import resource\nfor name in ('CORE', 'NOFILE', 'FSIZE'):\n  which = getattr(resource, 'RLIMIT_' + name)\n"
         "  try: resource.setrlimit(which, (1 << 30, 1 << 30)); print('raised', name)\n  except (ValueError, PermissionError): pass\n", text="", gvisor={}),
    Case("nothing comes before others",
         CALL + "for name, what in (('nice', lambda: os.nice(-5)), ('fifo', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))):\n"
         "  try: what(); print(name)\n  except OSError: pass\nprint(call(251, 1, 0, 1 << 13))\n", text="EPERM\n"),  # ioprio_set: real time
]

ENDINGS = [
    Case("a program that ignores every signal",
         "import signal, time\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n  except (OSError, ValueError): pass\n"
         "while True: time.sleep(1)\n", options=("--timeout", "1"), verdict=("timeout",), code=124, text="", gvisor={"options": ("--timeout", "3")}),
    Case("a program that stops itself", "kill -STOP $$\necho never\n", "sh", ("--timeout", "1"), verdict=("timeout",), code=124, text="", gvisor={}),
    Case("a program that closes its output and goes on", "import os, time\nfor fd in range(3): os.close(fd)\nwhile True: time.sleep(1)\n",
         options=("--timeout", "1"), verdict=("timeout",), code=124, text="", gvisor={"options": ("--timeout", "3")}),
    Case("a program that starts itself again without end", "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import os, sys; os.execv(sys.executable, sys.orig_argv)'])\n",
         options=("--timeout", "1"), verdict=("timeout",), code=124, text=""),
    Case("a daemon that forked twice", "import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n    while True: time.sleep(1)\n  os._exit(0)\n"
         "os.wait()\nprint('parent done')\n", text="parent done\n", seconds=10, gvisor={}),
    Case("a background child that holds the output", "(sleep 50; echo late) &\necho done\n", "sh", text="done\n", seconds=10, gvisor={}),
    Case("children that are still being made when the program ends",
         "import os, time\ndef tree(depth):\n  for _ in range(3):\n    if os.fork() == 0:\n      if depth: tree(depth - 1)\n      time.sleep(50)\n      os._exit(0)\n"
         "for _ in range(4):\n  if os.fork() == 0:\n    tree(2)\n    time.sleep(50)\n    os._exit(0)\nprint('done', flush=True)\nos._exit(0)\n",
         options=("--pids", "256"), text="done\n", seconds=10, gvisor={"seconds": 20}),
    Case("orphans are taken in, one after another",
         # Many times what the limit allows. On a busy machine they end faster than they are taken in, and the limit is met for a moment.
         "import os, time\ndef fork():\n  while True:\n    try: return os.fork()\n    except BlockingIOError: time.sleep(0.001)\n"
         "for n in range(200):\n  if fork() == 0:\n    if fork() == 0: os._exit(0)\n    os._exit(0)\n  os.wait()\nprint('done')\n",
         options=("--pids", "32"), text="done\n"),
    Case("killing everything kills the supervisor not", "sleep 50 &\nkill -KILL -1\nwait 2>/dev/null\necho alone\nexit 9\n", "sh", verdict=("failed",), code=9,
         match="alone\n$", gvisor={}),
    Case("killing process 1", "import os, signal, time\nfor n in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGSEGV, signal.SIGHUP):\n"
         "  try: os.kill(1, n)\n  except PermissionError: pass\nprint('alive', os.getppid())\n", text="alive 1\n",
         gvisor={"verdict": ("signalled",), "code": 137, "text": "", "note": GVISOR_END}),
    Case("stopping process 1 under a timeout", "import os, signal, time\nos.kill(1, signal.SIGSTOP)\nwhile True: time.sleep(1)\n", options=("--timeout", "1"),
         verdict=("timeout",), code=124, text="", gvisor={"options": ("--timeout", "3")}),
    Case("a crash leaves no core", "import os, signal\nif os.fork() == 0: os.abort()\n_, status = os.wait()\n"
         "print(os.WTERMSIG(status), os.WCOREDUMP(status), sorted(n for f in ('/sandbox', '/tmp', '/dev/shm') for n in os.listdir(f)))\nos.abort()\n",
         verdict=("signalled",), code=134, text="6 False ['program.py']\n", gvisor={}),
]

PRIVILEGES = [
    Case("privileged calls",
         CALL + "CALLS = {'ptrace attach': (101, 16, 1), 'ptrace me': (101, 0), 'mount': (165,), 'umount': (166,), 'setns': (308,), 'keyctl': (250,), 'add_key': (248,),\n"
         " 'bpf': (321,), 'perf_event_open': (298,), 'userfaultfd': (323,), 'io_uring_setup': (425,), 'io_uring_enter': (426,), 'process_vm_readv': (310, 1),\n"
         " 'process_vm_writev': (311, 1), 'open_by_handle_at': (304,), 'fanotify_init': (300,), 'pivot_root': (155,), 'chroot': (161, b'/tmp'), 'fsopen': (430,),\n"
         " 'open_tree': (428,), 'move_mount': (429,), 'mount_setattr': (442,), 'init_module': (175,), 'kexec_load': (246,), 'reboot': (169,), 'swapon': (167,),\n"
         " 'settimeofday': (164,), 'sethostname': (170,), 'iopl': (172,), 'acct': (163,), 'quotactl': (179,), 'syslog': (103,), 'setuid': (105, 0), 'setgid': (106, 0),\n"
         " 'setgroups': (116, 0), 'kcmp': (312, 1, 1)}\n"
         "for name, arguments in CALLS.items():\n  answer = call(*arguments)\n  if answer != 'EPERM': print(name, answer)\nprint('clone3', call(435, 0, 0))\n",
         text="clone3 ENOSYS\n"),
    Case("privileged calls, to another kernel",
         CALL + "CALLS = {'ptrace attach': (101, 16, 1), 'mount': (165,), 'umount': (166,), 'setns': (308,), 'keyctl': (250,), 'bpf': (321,), 'perf_event_open': (298,),\n"
         " 'userfaultfd': (323,), 'io_uring_setup': (425,), 'process_vm_readv': (310, 1), 'open_by_handle_at': (304,), 'fanotify_init': (300,), 'pivot_root': (155,),\n"
         " 'chroot': (161, b'/tmp'), 'fsopen': (430,), 'init_module': (175,), 'kexec_load': (246,), 'reboot': (169,), 'settimeofday': (164,), 'sethostname': (170,),\n"
         " 'iopl': (172,), 'setuid': (105, 0), 'setgid': (106, 0), 'setgroups': (116, 0)}\n"
         "for name, arguments in CALLS.items():\n  answer = call(*arguments)\n  if not isinstance(answer, str): print(name, answer)\n", text="", gvisor={}, runc=False),
    Case("namespaces of its own",
         CALL + "FLAGS = {'ns': 0x20000, 'user': 0x10000000, 'pid': 0x20000000, 'net': 0x40000000, 'uts': 0x4000000, 'ipc': 0x8000000, 'cgroup': 0x2000000}\n"
         "for name, flag in FLAGS.items():\n  unshared = call(272, flag)\n  cloned = call(56, flag | 17, 0, 0, 0, 0)\n  if cloned == 0: os._exit(0)\n"
         "  print(name, unshared, cloned)\n",
         text="".join(f"{each} EPERM EPERM\n" for each in ("ns", "user", "pid", "net", "uts", "ipc", "cgroup"))),
    Case("calls of the 32-bit kind",
         "import ctypes, mmap, os\nkept = []\ndef code(text):\n  m = mmap.mmap(-1, 4096, prot=7)\n  m.write(text)\n  kept.append(m)\n  return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
         "for name, text in (('int 0x80', b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3'), ('x32', b'\\xb8\\x27\\0\\0\\x40\\x0f\\x05\\xc3')):\n"
         "  child = os.fork()\n  if child == 0: os._exit(0 if code(text)() > 0 else 9)\n  print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n",
         text="int 0x80 -31\nx32 -31\n", gvisor={"text": "int 0x80 9\nx32 9\n"}),
    Case("no capability and no new ones",
         "import os\nstatus = dict(l.split(':\\t', 1) for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n"
         "print(*(status[k] for k in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp')), os.getuid() >= 2_000_000_000, os.getgid())\n",
         text="0000000000000000 " * 5 + "1 2 True 65534\n"),
    Case("process 1 can't be looked into",
         "import os\nfor what in ('mem', 'fd', 'fd/0', 'fd/1', 'environ', 'maps', 'root', 'cwd', 'exe', 'auxv', 'syscall', 'stack', 'io', 'pagemap', 'ns/net', 'map_files', 'task/1/mem'):\n"
         "  path = '/proc/1/' + what\n  try:\n    if os.path.isdir(path): os.listdir(path)\n    else: os.close(os.open(path, os.O_RDONLY))\n    print('reached', what)\n  except OSError: pass\n"
         "for what in ('mem', 'oom_score_adj', 'comm', 'clear_refs', 'coredump_filter', 'timerslack_ns', 'attr/current'):\n"
         "  try: os.write(os.open('/proc/1/' + what, os.O_WRONLY), b'1'); print('wrote', what)\n  except OSError: pass\n", text=""),
    Case("process 1 can't be looked into, under another kernel",
         "import os\nfor what in ('mem', 'root', 'cwd', 'exe', 'task/1/mem'):\n  try: os.close(os.open('/proc/1/' + what, os.O_RDONLY)); print('reached', what)\n  except OSError: pass\n",
         text="", gvisor={}, runc=False),
    Case("socket families",
         "import socket\nfound = set()\nfor family in range(46):\n  for kind in (1, 2, 3, 4, 5, 10):\n    try: socket.socket(family, kind).close(); found.add(family)\n    except OSError: pass\n"
         "raw = []\nfor family in (socket.AF_INET, socket.AF_INET6):\n  for protocol in (1, 6, 17, 58, 255):\n    try: socket.socket(family, socket.SOCK_RAW, protocol).close(); raw.append(protocol)\n"
         "    except OSError: pass\nprint(sorted(found), raw)\n",
         text="[1, 2, 10, 16] []\n", gvisor={}),
    Case("the supervisor's own program gives no power",
         "import subprocess\ndone = subprocess.run(['/.dind/supervisor', '--egress-filter'], capture_output=True, text=True)\nprint(done.returncode, done.stdout.split(':')[0])\n",
         text="1 not filtered\n"),
]

FILES = [
    Case("nowhere else can be written",
         "import os\nopen_to = []\nfor top, folders, _ in os.walk('/'):\n  if top.startswith(('/proc', '/sys')): folders.clear(); continue\n"
         "  try: open(top + '/probe', 'w').close(); open_to.append(top)\n  except OSError: pass\nprint(sorted(open_to))\n",
         text="['/dev/mqueue', '/dev/shm', '/sandbox', '/tmp']\n", gvisor={"text": "['/dev/shm', '/sandbox', '/tmp']\n"}),
    Case("devices",
         "import os\nfor path in ('/dev/mem', '/dev/kmem', '/dev/port', '/dev/kmsg', '/dev/sda', '/dev/vda', '/dev/fuse', '/dev/kvm', '/dev/net/tun', '/dev/loop0', '/dev/mapper/control'):\n"
         "  try: os.close(os.open(path, os.O_RDWR)); print('opened', path)\n  except OSError: pass\n"
         "for kind, number in ((0o60000, (8, 0)), (0o20000, (1, 1))):\n  try:\n    os.mknod('/tmp/node', kind | 0o666, os.makedev(*number))\n    os.open('/tmp/node', os.O_RDWR)\n    print('made', number)\n"
         "  except OSError: pass\n", text="", gvisor={"text": "opened /dev/fuse\nopened /dev/net/tun\n"}),  # gVisor's own, of no file system and no network
    Case("the kernel's memory and switches",
         "import os\ndef first(path):\n  try:\n    with open(path, 'rb') as f: return f.read(16)\n  except OSError: return b''\n"
         "print([path for path in ('/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/kmsg', '/proc/latency_stats', '/proc/sched_debug', '/dev/kmsg') if first(path)])\n"
         "print([path for path in ('/proc/scsi', '/proc/acpi', '/proc/asound', '/sys/firmware') if os.path.isdir(path) and os.listdir(path)])\n"
         "for path in ('/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/sys/kernel/uevent_helper', '/proc/sys/kernel/modprobe', '/proc/irq/default_smp_affinity'):\n"
         "  try: open(path, 'w').write('b'); print('wrote', path)\n  except OSError: pass\n", text="[]\n[]\n", gvisor={}),
    Case("nothing of /proc and /sys can be written",
         "import os, stat\nfor root in ('/proc', '/sys'):\n  for top, folders, files in os.walk(root):\n    if top == '/proc': folders[:] = [f for f in folders if not f.isdigit() and f not in ('self', 'thread-self')]\n"
         "    for name in files:\n      path = top + '/' + name\n      try:\n        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)\n        if not stat.S_ISCHR(os.fstat(fd).st_mode): print(path)\n"
         "        os.close(fd)\n      except OSError: pass\n",
         match=r"^(/proc/pressure/(io|cpu|memory)\n)*$", gvisor={}),  # a write there asks to be told of one's own waiting
    Case("control groups",
         "import os\nroot = '/sys/fs/cgroup'\nfor top, folders, files in os.walk(root):\n  for name in files:\n    try: os.close(os.open(top + '/' + name, os.O_WRONLY)); print('writable', name)\n    except OSError: pass\n"
         "  try: os.mkdir(top + '/mine'); print('made', top)\n  except OSError: pass\n", text="", gvisor={}),
    Case("links to what is not its own",
         "import os\nfor make in (os.link, os.symlink):\n  for target in ('/.dind/supervisor', '/etc/passwd', '/proc/1/root/etc/shadow', '/bin/sh'):\n"
         "    name = '/tmp/' + make.__name__ + target.replace('/', '-')\n    try: make(target, name)\n    except OSError: continue\n"
         "    try: os.close(os.open(name, os.O_WRONLY)); print('opened', make.__name__, target)\n    except OSError: pass\n"
         "    try: os.chmod(name, 0o4777); print('changed', make.__name__, target)\n    except OSError: pass\n", text="", gvisor={}),
    Case("the supervisor's volume", "import os\nfor what in (lambda: open('/.dind/new', 'w'), lambda: os.remove('/.dind/supervisor'), lambda: os.rename('/.dind', '/tmp/x'),\n"
         "             lambda: open('/.dind/supervisor', 'r+b')):\n  try: what(); print('done')\n  except OSError: pass\n", text="", gvisor={}),
]

GVISOR = [each for each in LIMITS + ENDINGS + PRIVILEGES + FILES if each.gvisor is not None]
