# Makes system calls that need a privilege. It prints each that is not refused with EPERM. clone3 must look
# as if it did not exist, so that libraries use clone.
#
# with: calls
# verdict: ok
# output: "clone3 ENOSYS\n"

CALLS = {
    "ptrace attach": (101, 16, 1),
    "ptrace me": (101, 0),
    "mount": (165,),
    "umount": (166,),
    "setns": (308,),
    "keyctl": (250,),
    "add_key": (248,),
    "bpf": (321,),
    "perf_event_open": (298,),
    "userfaultfd": (323,),
    "io_uring_setup": (425,),
    "io_uring_enter": (426,),
    "process_vm_readv": (310, 1),
    "process_vm_writev": (311, 1),
    "open_by_handle_at": (304,),
    "fanotify_init": (300,),
    "pivot_root": (155,),
    "chroot": (161, b"/tmp"),
    "fsopen": (430,),
    "open_tree": (428,),
    "move_mount": (429,),
    "mount_setattr": (442,),
    "init_module": (175,),
    "kexec_load": (246,),
    "reboot": (169,),
    "swapon": (167,),
    "settimeofday": (164,),
    "sethostname": (170,),
    "iopl": (172,),
    "acct": (163,),
    "quotactl": (179,),
    "syslog": (103,),
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setgroups": (116, 0),
    "kcmp": (312, 1, 1),
}
for name, arguments in CALLS.items():
    answer = call(*arguments)
    if answer != "EPERM":
        print(name, answer)
print("clone3", call(435, 0, 0))
