# Tries to read the kernel's memory and logs, and to use its switches. It prints what was possible.
#
# verdict: ok
# output: "[]\n[]\n"
# gvisor: the same

import os


def first(path):
    try:
        with open(path, "rb") as f:
            return f.read(16)
    except OSError:
        return b""


print(
    [
        path
        for path in (
            "/proc/kcore",
            "/proc/keys",
            "/proc/timer_list",
            "/proc/kmsg",
            "/proc/latency_stats",
            "/proc/sched_debug",
            "/dev/kmsg",
        )
        if first(path)
    ]
)
print(
    [
        path
        for path in ("/proc/scsi", "/proc/acpi", "/proc/asound", "/sys/firmware")
        if os.path.isdir(path) and os.listdir(path)
    ]
)
for path in (
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/drop_caches",
    "/sys/kernel/uevent_helper",
    "/proc/sys/kernel/modprobe",
    "/proc/irq/default_smp_affinity",
):
    try:
        open(path, "w").write("b")
        print("wrote", path)
    except OSError:
        pass
