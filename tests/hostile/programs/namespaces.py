# Tries to make namespaces of its own, with unshare and with clone.
#
# with: calls
# verdict: ok
# output: "ns EPERM EPERM\nuser EPERM EPERM\npid EPERM EPERM\nnet EPERM EPERM\nuts EPERM EPERM\nipc EPERM EPERM\ncgroup EPERM EPERM\n"

FLAGS = {
    "ns": 0x20000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "cgroup": 0x2000000,
}
for name, flag in FLAGS.items():
    unshared = call(272, flag)
    cloned = call(56, flag | 17, 0, 0, 0, 0)
    if cloned == 0:
        os._exit(0)
    print(name, unshared, cloned)
