"""Programs that Ctrl-C ends, each in a process of its own."""

import subprocess
import sys

from conftest import LONG

# How such a program begins. A shell without job control has the programs that it starts in the
# background ignore Ctrl-C, so it is heard again here. Ctrl-C comes when what is to be interrupted
# is seen to run, whatever time the machine takes to get there.
BEGINNING = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)

def ctrl_c_when(runs):
    def wait():
        while not runs():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
    waiting = threading.Thread(target=wait)
    waiting.start()
    return waiting
"""


def interrupted(program, *arguments):
    """(the lines that the program printed, what it wrote to stderr)."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program, *arguments],
        capture_output=True,
        text=True,
        timeout=LONG,  # what is interrupted would take hours
        check=False,
    )
    return done.stdout.splitlines(), done.stderr
