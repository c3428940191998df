# Defines call(number, arguments…): makes a system call and returns the name of its errno, or its result.
import ctypes, os, errno

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    ctypes.set_errno(0)
    got = libc.syscall(number, *arguments)
    return errno.errorcode[ctypes.get_errno()] if got == -1 else got
