"""The hostile programs, and the name of each test. The header of a program's file (programs/) says what the program tries, and
which result is expected. Programs with a line `gvisor` also run under gVisor."""

LIMITS = (
    ("endless_loop.py", "a program without end meets its timeout"),
    ("endless_loop.js", "a JavaScript program without end meets its timeout"),
    ("memory_bomb.py", "a memory bomb"),
    ("memory_bomb.js", "a memory bomb outside of the heap of V8"),
    ("memory_bomb_in_child.py", "a memory bomb in a child ends the child, and the program's own end counts"),
    ("memory_in_memfd.py", "files without a name in memory count as memory"),
    ("memory_in_system_v.py", "System V segments count as memory"),
    ("fork_bomb.sh", "a fork bomb"),
    ("thread_bomb.py", "a thread bomb"),
    ("unreaped_children.py", "children that nobody waits for count as processes"),
    ("full_tmp.py", "a full /tmp"),
    ("full_run_folder.py", "a full run folder"),
    ("full_dev_shm.py", "a full /dev/shm"),
    ("million_files.py", "a million files are too many"),
    ("large_file.py", "a file that is too large"),
    ("large_file_of_child.sh", "a file of a child that is too large is seen in what the shell says"),
    ("many_open_files.py", "too many open files"),
    ("endless_terminals.py", "terminals without end"),
    ("output_flood.py", "an output flood"),
    ("output_flood.js", "an output flood of a JavaScript program"),
    ("flood_without_newline.py", "a flood without a line's end"),
    ("raise_limits.py", "limits can't be raised from inside"),
    ("raise_priority.py", "a program can't raise its priority"),
)

ENDINGS = (
    ("ignore_signals.py", "a program that ignores every signal"),
    ("stop_itself.sh", "a program that stops itself"),
    ("close_output.py", "a program that closes its output and goes on"),
    ("exec_itself.py", "a program that starts itself again without end"),
    ("daemon.py", "a daemon that forked twice"),
    ("output_held_by_child.sh", "a background child that holds the output"),
    ("growing_process_tree.py", "children that are still being made when the program ends"),
    ("orphans.py", "process 1 waits for one orphan after another"),
    ("kill_everything.sh", "SIGKILL to every process does not reach the supervisor"),
    ("kill_process_1.py", "signals to process 1"),
    ("stop_process_1.py", "stopping process 1 under a timeout"),
    ("crash.py", "a crash leaves no core"),
)

PRIVILEGES = (
    ("privileged_calls.py", "privileged calls"),
    ("privileged_calls_gvisor.py", "privileged calls under gVisor"),
    ("namespaces.py", "new namespaces"),
    ("calls_32_bit.py", "32-bit system calls"),
    ("capabilities.py", "a program has no capability and gets none"),
    ("inspect_process_1.py", "the files of process 1 are closed"),
    ("inspect_process_1_gvisor.py", "the files of process 1 are closed under gVisor"),
    ("socket_families.py", "socket families"),
    ("run_supervisor.py", "the program of the supervisor gives no power"),
)

FILES = (
    ("write_everywhere.py", "only the known folders can be written"),
    ("devices.py", "devices"),
    ("kernel_memory.py", "the kernel's memory and switches"),
    ("write_proc_and_sys.py", "nothing of /proc and /sys can be written"),
    ("control_groups.py", "control groups"),
    ("links.py", "links to files of others"),
    ("supervisor_volume.py", "the supervisor's volume"),
)

SUPERVISOR = (
    ("limits_of_process_1.py", "no limit of process 1 can be set"),
    ("open_files_of_process_1.py", "process 1 is not frozen by its limit on open files"),
    ("cpu_time_of_process_1.py", "process 1 is not killed by its limit on CPU time"),
    ("signals_from_nowhere.py", "signals that seem to come from outside mean nothing"),
    ("signals_with_information.py", "signals with added information mean nothing"),
    ("signals_of_descriptors.py", "signals of descriptors mean nothing"),
    ("priority_of_process_1.py", "process 1 does not run after others"),
    ("take_every_processor.py", "process 1 keeps its deadline while every processor is taken"),
    ("own_limits.py", "a program can set its own limits, priority and processors"),
    ("endless_children.py", "children that end without end do not delay the timeout"),
    ("endless_sigchld.py", "SIGCHLD without end does not delay the timeout"),
    ("pipes_of_process_1.py", "changes to its pipes do not stop process 1"),
    ("kill_process_1_full_queue.py", "signals to process 1 while its queue is full"),
)
