# Makes system calls that need a privilege, to gVisor's kernel. It prints each that succeeds.
#
# with: calls
# verdict: ok
# output: ""
# gvisor: only

CALLS = {
    "ptrace attach": (101, 16, 1),
    "mount": (165,),
    "umount": (166,),
    "setns": (308,),
    "keyctl": (250,),
    "bpf": (321,),
    "perf_event_open": (298,),
    "userfaultfd": (323,),
    "io_uring_setup": (425,),
    "process_vm_readv": (310, 1),
    "open_by_handle_at": (304,),
    "fanotify_init": (300,),
    "pivot_root": (155,),
    "chroot": (161, b"/tmp"),
    "fsopen": (430,),
    "init_module": (175,),
    "kexec_load": (246,),
    "reboot": (169,),
    "settimeofday": (164,),
    "sethostname": (170,),
    "iopl": (172,),
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setgroups": (116, 0),
}
for name, arguments in CALLS.items():
    answer = call(*arguments)
    if not isinstance(answer, str):
        print(name, answer)
