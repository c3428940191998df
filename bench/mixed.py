"""Mixed runs through every frontend, several at a time. Each must end as its program says."""
import collections
import hashlib
import queue
import signal
import threading
import time

from programs import ECHO, ENDINGS, OUTPUT, SLEEPS, TIMEOUT
from server import SHELL, Command

WAYS = ("editor", "editor", "file", "command", "stdin")
LANES = 4
LIMITS = {"limits": {"defaults": {"output": OUTPUT}, "max": {"output": OUTPUT}}}


class Mixed:
    def __init__(self, home, server, random):
        self.home, self.server, self.random = home, server, random
        self.done = collections.Counter()    # "WAY ENDING" → runs
        self.wrong = []
        self.late_answers, self.late_ends = [], []   # timeouts: past the deadline, by the answer and by the program's last beat
        self.cancels = []                    # seconds from the cancel to the run's answer
        self.lock = threading.Lock()
        self.paths = {name: home.file(ending.python) for name, ending in ENDINGS.items()}
        self.echo = home.file(ECHO)

    def choose(self, number):
        """What run `number` is: drawn here, in order, so that a seed says the whole mix."""
        ending = self.random.choices(list(ENDINGS), [each.share for each in ENDINGS.values()])[0]
        return {"number": number, "ending": ending, "way": self.random.choice(WAYS), "moment": self.random.uniform(0, 0.8),
                "by_request": self.random.random() < 0.5, "data": self.random.randbytes(self.random.randrange(1 << 18))}

    def run(self, count):
        todo = queue.SimpleQueue()
        for number in range(count):
            todo.put(self.choose(number))
        escaped = []

        def lane():
            try:
                while True:
                    one = todo.get_nowait()
                    problem = self.editor(one) if one["way"] == "editor" else self.command(one)
                    with self.lock:
                        self.done[one["way"] + " " + one["ending"]] += 1
                        if problem:
                            self.wrong.append(f"run {one['number']} ({one['way']}, {one['ending']}): {problem}")
            except queue.Empty:
                pass
            except BaseException as error:  # a lane that breaks off must not look like runs that passed
                escaped.append(error)

        lanes = [threading.Thread(target=lane) for _ in range(LANES)]
        for each in lanes:
            each.start()
        for each in lanes:
            each.join()
        if escaped:
            raise escaped[0]

    def beats(self, started, text):
        if text and started:
            with self.lock:
                self.late_ends.append(int(text.split()[-1]) / 1e9 - started - TIMEOUT)

    def editor(self, one):
        ending = ENDINGS[one["ending"]]
        more = {key: value for key, value in (("timeout", ending.timeout), ("memory", ending.memory)) if value}
        run = self.server.run(self.paths[one["ending"]], f"mixed-{one['number']}", **more)
        try:
            if one["ending"] == "cancelled":
                time.sleep(one["moment"])
                asked = time.monotonic()
                if one["by_request"]:
                    self.server.notify("$/cancelRequest", {"id": run.request_id})
                else:
                    self.server.stop(run.run_id).wait()
                answer = run.wait()
                with self.lock:
                    self.cancels.append(run.answers[0][0] - asked)
                code = answer.get("error", {}).get("code")
                good = code == -32800 if one["by_request"] else run.verdict() == "cancelled"
                return None if good else f"answered {answer}"
            answer = run.wait()
            if run.verdict() != ending.verdict:
                return f"answered {answer}"
            if one["ending"] == "timeout":
                started = run.until("started")
                with self.lock:
                    self.late_answers.append(run.answers[0][0] - started - TIMEOUT)
                self.beats(started, "".join(run.text))
            return None
        finally:
            self.server.forget(run)

    def command(self, one):
        ending = ENDINGS[one["ending"]]
        options = ["--timeout", f"{ending.timeout}s"] if ending.timeout else []
        options += ["--memory", ending.memory] if ending.memory else []
        expected = None
        if one["way"] == "command":
            child = Command(self.home, *options, "--image", SHELL, "--", "sh", "-c", ending.shell, **LIMITS)
        elif one["way"] == "file":
            child = Command(self.home, *options, self.paths[one["ending"]], **LIMITS)
        elif one["ending"] == "ok":  # stdin is the program's input
            expected = hashlib.sha256(one["data"]).hexdigest() + "\n"
            child = Command(self.home, self.echo, stdin=one["data"], **LIMITS)
        else:  # stdin is the program
            child = Command(self.home, *options, "-l", "python", "-", stdin=ending.python.encode(), **LIMITS)
        if one["ending"] == "cancelled":
            # Before the handler is installed, SIGINT ends the process, and nothing was begun.
            child.until("preparing")
            time.sleep(one["moment"])
            asked = time.monotonic()
            child.child.send_signal(signal.SIGINT)
        code = child.wait()
        at, event = child.answer() or (None, None)
        if one["ending"] == "cancelled" and at:
            with self.lock:
                self.cancels.append(at - asked)
        if code != ending.exit_code:
            return f"exit {code}, not {ending.exit_code}: {event} {child.errors[-300:]!r}"
        if sum(each[1]["event"] in ("finished", "error") for each in child.events) != 1:
            return f"not one end: {child.events[-3:]}"
        if one["ending"] != "cancelled" and event["result"]["verdict"] != ending.verdict:
            return f"ended {event}"
        if expected is not None and child.output() != expected:
            return "stdin did not arrive whole"
        if one["ending"] == "timeout":
            started = child.until("started")
            with self.lock:
                self.late_answers.append(at - started - TIMEOUT)
            if one["way"] != "command":
                self.beats(started, child.output())
        return None


def warm_up(server, home):
    """As many runs at once as the lanes will have, twice, with each kind of end. Afterwards the server has everything that it keeps for later."""
    sleeps = home.file(SLEEPS)
    fine = home.file("print('warm')\n")
    for turn in range(2):
        runs = [server.run(fine, f"warm-{turn}-{number}") for number in range(2 * LANES)] + [server.run(sleeps, f"warm-{turn}-stopped")]
        server.stop(f"warm-{turn}-stopped").wait()
        for run in runs:
            run.wait()
            server.forget(run)
