"""Progress bars, which are tqdm's; nothing is imported where none is asked for."""

import contextlib
import math


@contextlib.contextmanager
def progress_bar(wanted, total, unit="", **options):
    """A function show(value, **words): move a bar to a value between 0 and `total`, with words.

    It does nothing unless a bar is wanted.

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
