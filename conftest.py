"""What every test shares, those of the notebooks included."""

import os
from pathlib import Path

from nbval.kernel import RunningKernel

os.environ.pop("MPLBACKEND", None)  # the notebooks' kernels choose matplotlib's inline backend

ROOT = Path(__file__).resolve().parent
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")


def execute_cell_input(self, cell_input, allow_stdin=None):
    """Run a cell as nbval does, with history: without it IPython overlooks the closing `;`."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_cell_input
