"""How a service's process is set up before its work begins."""

import subprocess
import sys

RUN = """
import gc
from varde.adapters import process

async def look(stop):
    gc.collect()
    print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 10_000)

process.run(look)
"""


def test_the_collector_looks_at_nothing_that_was_there_before_the_work_began():
    answer = subprocess.run([sys.executable, "-c", RUN], capture_output=True, check=True, text=True)
    assert answer.stdout.split() == ["True", "True"]
