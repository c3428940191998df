# Makes system calls of the 32-bit kind: int 0x80 and x32. The seccomp profile must end the process; gVisor
# knows no such calls.
#
# verdict: ok
# output: "int 0x80 -31\nx32 -31\n"
# gvisor output: "int 0x80 9\nx32 9\n"

import ctypes, mmap, os

kept = []


def code(text):
    m = mmap.mmap(-1, 4096, prot=7)
    m.write(text)
    kept.append(m)
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))


for name, text in (("int 0x80", b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"), ("x32", b"\xb8'\x00\x00@\x0f\x05\xc3")):
    child = os.fork()
    if child == 0:
        os._exit(0 if code(text)() > 0 else 9)
    print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
