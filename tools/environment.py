"""Make the environment of the book in .venv, once: python tools/environment.py

Installs requirements.txt with uv (pip where uv cannot be had) and compiles the bytecode.
A stamp in .venv remembers what was installed, so a second run installs nothing. Runs on any
Python 3, so that a version that is too old can be told so in a sentence.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
STAMP = os.path.join(VENV, "installed.txt")
OLDEST, NEWEST = (3, 11), (3, 13)


def suitable_python():
    """Path of a Python between OLDEST and NEWEST: this one, or python3.13 … on the PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        candidate = shutil.which("python3.%d" % minor)
        if candidate and runs([candidate, "-c", "import venv, ensurepip"], quiet=True):
            return candidate
    sys.exit(
        "The book needs Python %d.%d to %d.%d; this is Python %d.%d (%s).\n"
        "Install one from https://www.python.org/downloads/, then run\n"
        "    make PYTHON=/path/to/python3.13"
        % (OLDEST + NEWEST + tuple(sys.version_info[:2]) + (sys.executable,))
    )


def runs(command, quiet=False):
    """Run a command in the repository's root; whether it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.call(command, cwd=ROOT, stdout=output, stderr=output) == 0
    except OSError:  # no such program
        return False


def wanted():
    """What .venv has to hold: a hash of the files that say so, and of where it stands."""
    digest = hashlib.sha256(ROOT.encode("utf-8"))  # a moved environment does not work
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def installed():
    """What .venv holds, '' if nothing or a Python that has gone."""
    if not (os.path.exists(STAMP) and runs([PYTHON, "-c", ""], quiet=True)):
        return ""
    with open(STAMP) as file:
        return file.read()


def make():
    """Create .venv and install everything into it."""
    usable = "import pip, sys; sys.exit(not %r <= sys.version_info[:2] <= %r)" % (OLDEST, NEWEST)
    if not runs([PYTHON, "-c", usable], quiet=True):
        python = suitable_python()
        print("Making the environment in .venv; this takes one to three minutes, once.")
        if not runs([python, "-m", "venv", "--clear", VENV]):
            sys.exit(
                "%s cannot make a virtual environment. On Debian and Ubuntu run\n"
                "    sudo apt-get install python3-venv" % python
            )
    requirements = ["install", "-r", "requirements.txt"]
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    uv = [PYTHON, "-m", "uv", "pip"]
    runs([*pip, "install", "uv"], quiet=True)
    if not runs([*uv, *requirements, "--python", PYTHON, "--compile-bytecode", "--quiet"]):
        print("uv did not install the environment; trying pip, which is slower.")
        if not runs([*pip, *requirements]):  # pip compiles the bytecode by itself
            sys.exit("The environment could not be installed; see the messages above.")


def main():
    """Make the environment unless it is there already."""
    target = wanted()
    if installed() == target:
        return
    make()
    with open(STAMP, "w") as file:
        file.write(target)


if __name__ == "__main__":
    main()
