"""Another Docker or Podman for a test: scripts/engine-other."""
import pathlib
import subprocess

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts/engine-other"


def engine_other(*arguments):
    """Runs it, and gives what it prints. AssertionError with its words where it fails."""
    done = subprocess.run([SCRIPT, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise AssertionError(f"scripts/engine-other {' '.join(arguments)}: status {done.returncode}\n{done.stderr}")
    return done.stdout
