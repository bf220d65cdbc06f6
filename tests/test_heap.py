"""Threads share the C library's heaps: what one has freed is there for the next. A look for garbage is short."""

import re
import subprocess
import sys

PROGRAM = """
import ctypes, os, tempfile, threading
from needlework.heap import share_heaps

assert {share} is False or share_heaps()
libc = ctypes.CDLL(None, use_errno=True)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
meeting = threading.Barrier(12)

def take():
    meeting.wait()
    libc.free(libc.malloc(50_000))
    meeting.wait()

threads = [threading.Thread(target=take) for _ in range(12)]
[each.start() for each in threads]
[each.join() for each in threads]
libc.fdopen.restype = libc.tmpfile.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as file:
    libc.fopen.restype = ctypes.c_void_p
    opened = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, opened)
    libc.fclose(opened)
    print(open(file.name).read())
"""


def heaps(share: bool) -> int:
    """How many heaps a process of twelve threads has."""
    program = PROGRAM.replace("{share}", str(share))
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return len(re.findall(r"<heap nr=", told))


def test_a_dozen_threads_have_two_heaps() -> None:
    """Each had its own, and kept the most that it ever held: 150 MiB of a server that analysed for long."""
    assert heaps(share=True) <= 2 < heaps(share=False)


YOUNG = """
import gc
from needlework.heap import collect_rarely

collect_rarely()
looks = []
gc.callbacks.append(lambda phase, told: told["generation"] and phase == "start" and looks.append(
    (told["generation"], sum(len(gc.get_objects(young)) for young in (0, 1)))))
kept = [[] for number in range(450_000)]
print(looks)
"""


def test_f29_a_look_for_garbage_stops_nobody_for_long() -> None:
    """The objects of 10,000 streams that open at once were looked at together: everybody else stood for 0.23 s."""
    told = subprocess.run([sys.executable, "-c", YOUNG], capture_output=True, text=True, check=True).stdout
    looks = re.findall(r"\((\d), (\d+)\)", told)
    assert len(looks) >= 3
    assert {generation for generation, _ in looks} == {"1"}
    assert max(int(objects) for _, objects in looks) < 150_000
