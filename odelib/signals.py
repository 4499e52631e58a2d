"""What a signal's handler raises, such as a time limit by `signal.alarm`: where it may get lost."""

import _signal  # the C functions: signal makes an enumeration of each answer, 1 µs a signal
import contextlib
import functools
import signal
import threading


@contextlib.contextmanager
def recorded():
    """A list that gets every exception that a signal's handler raises meanwhile.

    The handlers run as ever, and are the user's own again afterwards. Python runs them in the main
    thread only: elsewhere the list stays empty.
    """
    raised, replaced = [], {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _numbers():
                handler = _signal.getsignal(number)
                if callable(handler):
                    mine = functools.partial(_run, handler, raised)
                    replaced[number] = handler, mine
                    _signal.signal(number, mine)
        yield raised
    finally:
        for number, (handler, mine) in replaced.items():
            if _signal.getsignal(number) is mine:  # and not what somebody has set since
                _signal.signal(number, handler)


def _run(handler, raised, number, frame):
    try:
        handler(number, frame)
    except BaseException as error:
        raised.append(error)
        raise


@contextlib.contextmanager
def none_lost():
    """Raise what a signal's handler raises meanwhile, whatever the code within makes of it."""
    with recorded() as raised:
        try:
            yield
        finally:
            if raised:
                raise raised[-1]


@functools.cache
def _numbers():
    return sorted(int(number) for number in signal.valid_signals())
