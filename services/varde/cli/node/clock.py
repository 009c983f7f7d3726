"""Whether somebody keeps this node's clock right: the kernel's own word, else that of the program that keeps it."""

import ctypes
import os
import shutil
import subprocess

from varde.cli.node.facts import Clock
from varde.telemetry.cost.groups import Hidden

__all__ = ["clock"]

UNSYNCHRONISED = 0x0040
"""``STA_UNSYNC`` of adjtimex(2)."""
US_PER_S = 1_000_000
ASKED_TIMEOUT_S = 5.0
PROGRAMS = (
    ("chronyc", ("chronyc", "-n", "tracking"), "Leap status     : Normal"),
    ("timedatectl", ("timedatectl", "show", "--property=NTPSynchronized"), "NTPSynchronized=yes"),
)
"""Name, question, and the words that mean yes."""


class Timex(ctypes.Structure):
    """The beginning of ``struct timex``, and room for the rest, which is not looked at."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock() -> Clock:
    """What is known of it.

    Raises:
        Hidden: neither the kernel nor a program tells.
    """
    state = Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(state)) >= 0:
        synchronised = not state.status & UNSYNCHRONISED
        return Clock(
            synchronised=synchronised,
            error_s=state.maxerror / US_PER_S if synchronised else None,
            told_by="the kernel",
        )
    refusal = os.strerror(ctypes.get_errno())
    for name, question, yes in PROGRAMS:
        answer = _asked(question)
        if answer is not None:
            return Clock(synchronised=yes in answer, error_s=None, told_by=name)
    raise Hidden(f"the kernel says {refusal} to adjtimex, and neither chronyc nor timedatectl answers")


def _asked(question: tuple[str, ...]) -> str | None:
    if shutil.which(question[0]) is None:
        return None
    try:
        ran = subprocess.run(question, capture_output=True, text=True, timeout=ASKED_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return None
    return ran.stdout if ran.returncode == 0 else None
