"""What all drivers share: one task in, one line of JSON with the time of the work out.

A driver gives `run` a function that prepares (imports, connections, sessions) and returns the work itself, and
may give another that writes the results down, which counts neither in time nor in memory.
"""

import json
import sys
import time


def run(prepare, keep=None, warm=False):
    """Runs the task of the command line: `prepare(task)` returns the work, `keep(task, result)` writes what it gave.

    With `warm` the work is done once before the clock starts: a JVM compiles what it runs.
    """
    task = json.loads(sys.argv[1])
    work = prepare(task)
    if warm:
        work()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    peak = peak_bytes()
    if keep and task["keep"]:
        keep(task, result)
    print(json.dumps({"work_seconds": seconds, "peak_bytes": peak}), flush=True)


def peak_bytes():
    """The most memory that this process has held so far."""
    with open("/proc/self/status") as status:
        lines = [line for line in status if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024
