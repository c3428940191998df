"""Limits that hold against programs that do their worst, on a real engine."""
import json
import time

from case import SandboxTest, engine, engine_api, is_there

ENDLESS = "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.01)\n"


class Time(SandboxTest):
    def test_a_timeout_kills_within_half_a_second(self):
        path = self.python(ENDLESS)
        late = []
        for _ in range(5):
            result, _, code = self.result_of("--timeout", "1", path)
            self.assertEqual((result["verdict"], code), ("timeout", 124))
            late.append(result["durationMs"] - 1000)
        self.measured("timeout precision, ms past 1 s", sorted(late))
        self.assertGreaterEqual(min(late), -5)
        self.assertLess(max(late), 500)

    def test_a_program_that_ignores_every_signal_ends_all_the_same(self):
        path = self.python("import signal, time\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n"
                           "  except (OSError, ValueError): pass\nprint('deaf', flush=True)\nwhile True: time.sleep(1)\n")
        result, text, code = self.result_of("--timeout", "1", path)
        self.assertEqual((text, result["verdict"], code), ("deaf\n", "timeout", 124))

    def test_a_reader_that_does_not_read_delays_no_timeout(self):
        child = self.start("run", "--quiet", "--timeout", "1.5", self.python("while True: print('x' * 4000)"))
        ids = {self.sandbox_of(child)}
        begun = time.monotonic()
        self.until(lambda: not is_there(ids), 10)
        self.measured("unread flood with a timeout of 1.5 s: gone after, s", round(time.monotonic() - begun, 2))
        self.assertLess(time.monotonic() - begun, 1.5 + 1.5)
        self.assertIsNone(child.poll())  # it still has output to give
        self.assertGreater(len(child.stdout.read()), 100_000)
        self.assertEqual(child.wait(20), 124)

    def test_a_program_that_stops_itself_is_ended_by_its_timeout(self):
        result, _, _ = self.result_of("--timeout", "1", self.file("x.sh", "kill -STOP $$\necho never"))
        self.assertEqual(result["verdict"], "timeout")


class Memory(SandboxTest):
    def test_a_memory_bomb(self):
        result, _, code = self.result_of("--memory", "64m", self.python("b = []\nwhile True: b.append(bytearray(8_000_000))"))
        self.assertEqual((result["verdict"], code), ("out_of_memory", 137))
        self.assertTrue(result["oomSeen"])

    def test_a_child_that_is_killed_for_memory_is_seen_and_the_programs_own_end_counts(self):
        path = self.python("import os\nif os.fork() == 0:\n  b = []\n  while True: b.append(bytearray(8_000_000))\n"
                           "_, status = os.wait()\nprint(os.WTERMSIG(status))\n")
        result, text, code = self.result_of("--memory", "64m", path)
        self.assertEqual((result["verdict"], code, text), ("ok", 0, "9\n"))
        self.assertTrue(result["oomSeen"])

    def test_a_full_tmpfs(self):
        for folder in ("/tmp", "/sandbox"):
            with self.subTest(folder):
                path = self.python(f"with open('{folder}/big', 'wb') as f:\n  while True: f.write(b'x' * 1_000_000); f.flush()\n")
                result, text, code = self.result_of(path)
                self.assertEqual((result["verdict"], code), ("disk_limit", 122))
                self.assertIn("No space left", text)

    def test_a_million_files_are_too_many(self):
        path = self.python("for n in range(1_000_000): open(f'/tmp/{n}', 'w').close()\n")
        result, text, code = self.result_of(path)
        self.assertEqual((result["verdict"], code), ("disk_limit", 122))
        self.assertIn("No space left", text)

    def test_nowhere_else_can_be_written(self):
        path = self.python("import os\nopen_to = []\nfor top, folders, _ in os.walk('/'):\n"
                           "  if top.startswith(('/proc', '/sys')): folders.clear(); continue\n"
                           "  try: open(top + '/probe', 'w').close(); open_to.append(top)\n  except OSError: pass\n"
                           "print(sorted(open_to))\n")
        _, text, _ = self.result_of(path)
        self.assertEqual(text, "['/dev/mqueue', '/dev/shm', '/sandbox', '/tmp']\n")


class Processes(SandboxTest):
    def test_a_fork_bomb_is_bounded_and_the_engine_answers_meanwhile(self):
        child = self.start("run", "--json", "--pids", "64", "--timeout", "3", self.file("x.sh", "b() { b | b & }\nb\nwait\nsleep 10\n"))
        self.sandbox_of(child)
        slowest = 0.0
        while child.poll() is None:
            begun = time.monotonic()
            engine("GET", "/version")
            slowest = max(slowest, time.monotonic() - begun)
        self.measured("engine's slowest answer during a fork bomb, s", round(slowest, 3))
        self.assertLess(slowest, 5)
        self.assertIn(child.returncode, (121, 124))
        self.assertRegex(child.stdout.read().decode().splitlines()[-1], '"verdict":"(process_limit|timeout)"')

    def test_a_thread_bomb_is_bounded(self):
        path = self.python("import threading\nhold = threading.Event()\nn = 0\n"
                           "while True:\n  threading.Thread(target=hold.wait, daemon=True).start()\n  n += 1\n  assert n < 64\n")
        result, text, _ = self.result_of("--pids", "32", path)
        self.assertEqual(result["verdict"], "process_limit")
        self.assertIn("can't start new thread", text)

    def test_a_background_child_that_holds_stdout_holds_nothing(self):
        begun = time.monotonic()
        done = self.call("run", "--quiet", self.file("x.sh", "(sleep 50; echo late) &\necho done"))
        self.assert_run(done, 0, b"done\n")
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_daemon_that_forked_twice_ends_with_the_program(self):
        path = self.python("import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
                           "    while True: time.sleep(1)\n  os._exit(0)\nos.wait()\nprint('parent done')\n")
        done = self.call("run", "--quiet", path)
        self.assert_run(done, 0, b"parent done\n")
        self.assert_nothing_left(1)

    def test_the_supervisor_can_be_neither_killed_nor_looked_into(self):
        path = self.python("import os, signal\nfor n in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP, signal.SIGSEGV, signal.SIGHUP):\n"
                           "  try: os.kill(1, n)\n  except PermissionError: pass\n"
                           "for what in ('mem', 'fd/0', 'fd/1', 'environ', 'maps', 'root', 'cwd', 'exe'):\n"
                           "  try:\n    os.stat('/proc/1/' + what, follow_symlinks=True); open('/proc/1/' + what, 'rb+').close()\n"
                           "    print('reached', what)\n  except OSError: pass\n"
                           "print('alive', os.getppid())\n")
        result, text, code = self.result_of(path)
        self.assertEqual((text, code, result["verdict"]), ("alive 1\n", 0, "ok"))

    def test_killing_everything_kills_the_supervisor_not(self):
        done = self.call("run", "--quiet", self.file("x.sh", "sleep 50 &\nkill -KILL -1\nwait\necho alone\nexit 9"))
        self.assert_run(done, 9, b"alone\n")

    def test_privileged_calls_are_refused(self):
        path = self.python("import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                           "CALLS = {'ptrace': 101, 'mount': 165, 'unshare': 272, 'setns': 308, 'keyctl': 250, 'add_key': 248, 'bpf': 321,\n"
                           " 'perf_event_open': 298, 'userfaultfd': 323, 'io_uring_setup': 425, 'process_vm_readv': 310, 'open_by_handle_at': 304,\n"
                           " 'fanotify_init': 300, 'pivot_root': 155, 'chroot': 161, 'fsopen': 430, 'open_tree': 428}\n"
                           "for name, number in CALLS.items():\n  ctypes.set_errno(0)\n  if libc.syscall(number, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1:\n"
                           "    print(name, ctypes.get_errno())\nctypes.set_errno(0)\nprint(libc.syscall(435, 0, 0), ctypes.get_errno())\n"
                           "status = dict(l.split(':\\t', 1) for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n"
                           "print(status['CapEff'], status['CapBnd'], status['NoNewPrivs'], status['Seccomp'], os.getuid() != 0)\n")
        _, text, _ = self.result_of(path)
        self.assertEqual(text, "-1 38\n0000000000000000 0000000000000000 1 2 True\n")


class NoNetwork(SandboxTest):
    def test_there_is_no_interface_but_loopback_and_no_way_to_the_engine(self):
        bridge = engine("GET", "/networks/bridge")["IPAM"]["Config"] or []
        gateways = [each["Gateway"] for each in bridge if "Gateway" in each]
        targets = [(host, port) for host in gateways + ["127.0.0.1", "169.254.169.254", "8.8.8.8"] for port in (2375, 2376, 80)]
        path = self.python(f"import os, socket\nprint(os.listdir('/sys/class/net'))\nfor target in {targets!r}:\n"
                           "  try: socket.create_connection(target, 0.3); print('reached', target)\n  except OSError: pass\n"
                           "for path in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock'):\n"
                           "  if os.path.exists(path): print('there is', path)\n"
                           "try: socket.getaddrinfo('example.com', 80); print('resolved')\nexcept OSError: pass\n"
                           "try: socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print('raw')\nexcept OSError: pass\n")
        _, text, _ = self.result_of(path)
        self.assertEqual(text, "['lo']\n")

    def test_sandboxes_do_not_see_each_other(self):
        listener = self.start("run", "--timeout", "20", self.python("import socket, time\ns = socket.create_server(('0.0.0.0', 9999))\nprint('up', flush=True)\n"
                                                                    "open('/tmp/secret', 'w').write('x')\ntime.sleep(20)\n"))
        self.assertEqual(listener.stdout.readline(), b"up\n")
        path = self.python("import os, socket\ntry: socket.create_connection(('127.0.0.1', 9999), 0.5); print('reached')\nexcept OSError: pass\n"
                           "print(os.path.exists('/tmp/secret'), len([p for p in os.listdir('/proc') if p.isdigit()]))\n", "other.py")
        _, text, _ = self.result_of(path)
        self.assertEqual(text, "False 2\n")
        self.assertTrue(engine_api.our_containers())


class Cpus(SandboxTest):
    def test_more_cpus_than_the_engine_has_are_all_of_them(self):
        done = self.call("run", "--json", "--cpus", "60", self.python("print(1)"))
        started = next(event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "started")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(started["limits"]["cpus"], engine("GET", "/info")["NCPU"])
        self.assertIn("all of them are in force", " ".join(started["notes"]))
