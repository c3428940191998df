"""llm-sandbox with its pool, asked by peers.py: one session from the pool for each line of stdin. Its containers are used again."""
import logging
import sys
import time

from llm_sandbox import SandboxSession
from llm_sandbox.pool import PoolConfig, create_pool_manager

logging.disable(logging.CRITICAL)
image, code = sys.argv[1:]
limits = {"network_mode": "none", "mem_limit": "512m", "nano_cpus": 10**9, "pids_limit": 256}
pool = create_pool_manager(backend="docker", config=PoolConfig(max_pool_size=2, min_pool_size=2, enable_prewarming=True), lang="python", image=image,
                           skip_environment_setup=True, runtime_configs=limits)
try:
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        with SandboxSession(lang="python", pool=pool) as session:
            result = session.run(code)
            took = time.perf_counter() - begun  # its answer is there; what the session does to end comes on top
        assert result.exit_code == 0 and result.stdout.strip() == "1", result
        print("took", took, flush=True)
finally:
    pool.close()
