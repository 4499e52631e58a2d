"""What every run shares: slices, between which Python hears Ctrl-C, and a progress bar."""

import contextlib
import math

SLICE = 0.05  # seconds that a kernel may run before Python looks for Ctrl-C


def next_budget(done, seconds):
    """Steps that take about a slice, when `done` steps took so many seconds.

    Ten times as many at most: what a step costs may change.
    """
    return int(done * min(10.0, max(0.1, SLICE / max(seconds, 1e-9)))) + 1


@contextlib.contextmanager
def progress_bar(wanted, total, unit="", **options):
    """A function show(value, **words): move tqdm's bar to a value between 0 and `total`.

    It does nothing, and imports nothing, unless a bar is wanted.

    Raises
    ------
    ImportError
        One is wanted and tqdm is not installed.
    """
    if not wanted:
        yield lambda value, **words: None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "progress=True needs the package tqdm: pip install tqdm, or progress=False"
        ) from None
    shown = f"{{n:.4g}}/{{total:.4g}}{unit}" if math.isfinite(total) else f"{{n:.4g}}{unit}"
    bar_format = f"{{percentage:3.0f}}% {{bar}} {shown} [{{elapsed}}<{{remaining}}]{{postfix}}"
    if math.isinf(total):
        total, bar_format = None, f"{shown} [{{elapsed}}]{{postfix}}"
    with tqdm(total=total, bar_format=bar_format, **options) as bar:

        def show(value, **words):
            bar.set_postfix(words, refresh=False)
            bar.update(value - bar.n)

        yield show
