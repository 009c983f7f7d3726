"""Runs one program that ends with its parent, however the parent ends. Started as a file, without site-packages.

Usage: ``python leash.py PARENT PROGRAM [ARGUMENT...]``. Linux is asked to do it (``PR_SET_PDEATHSIG``, kept by exec, so
this process becomes the program). Elsewhere this process stays, and ends the program once it has another parent. The
signal is SIGKILL: after a crash nobody is left to wait for a clean stop, and every program here survives it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
ORPHANED = 113
"""Exit code when the parent was gone before the program started."""
WATCH_INTERVAL_S = 0.2


def become(parent: int, command: list[str]) -> None:
    """Replace this process by the program, which the kernel kills when the parent's thread ends."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(ORPHANED)
    os.execvp(command[0], command)  # noqa: S606  the supervisor wrote the command


def attend(parent: int, command: list[str]) -> int:
    """Run the program below this process until it or the parent ends.

    Returns:
        The program's exit code; negative for a signal, as subprocess tells it.
    """
    child = subprocess.Popen(command)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: child.send_signal(received))
    while (code := child.poll()) is None:
        if os.getppid() != parent:
            child.kill()
        time.sleep(WATCH_INTERVAL_S)
    return code


if __name__ == "__main__":
    if sys.platform == "linux":
        become(int(sys.argv[1]), sys.argv[2:])
    else:
        sys.exit(attend(int(sys.argv[1]), sys.argv[2:]))
