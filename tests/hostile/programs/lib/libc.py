# The C library.
import ctypes, os, errno

libc = ctypes.CDLL(None, use_errno=True)
