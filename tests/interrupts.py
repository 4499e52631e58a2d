"""Programs that Ctrl-C ends, each in a process of its own."""

import subprocess
import sys

# How such a program begins. A shell without job control has the programs that it starts in the
# background ignore Ctrl-C, so it is heard again here.
BEGINNING = """
import os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)

def ctrl_c_in(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer
"""


def interrupted(program, *arguments):
    """(the lines that the program printed, what it wrote to stderr)."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,  # what is interrupted would take hours
        check=False,
    )
    return done.stdout.splitlines(), done.stderr
