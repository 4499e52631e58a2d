"""What a solve keeps: its start, every step, and the states at the times that were asked for."""

import numpy as np

from odelib.pointers import called, inlined
from odelib.solving.codes import DONE, EVENT, FOUND, RHS_FAILED
from odelib.solving.events import find_events, interpolant_coefficients, interpolate


@called
def store_start(t, y, output):
    """Keep where the solve starts, as row 0."""
    output.t_out[0] = t
    for j in range(len(y)):
        output.y_out[0, j] = y[j]


@inlined
def store_step(row, t_stop, y_stop, output):
    """Keep the end of a step, which an event may have brought forward to t_stop, y_stop."""
    output.t_out[row] = t_stop
    for j in range(len(y_stop)):
        output.y_out[row, j] = y_stop[j]


@inlined
def store_interpolant(row, step, output):
    """Keep the size of a step and the coefficients of its interpolant."""
    output.h_out[row] = step.h
    interpolant_coefficients(step, output.q_out[row])


@inlined
def next_asked(asked, row, direction):
    """The next of the times asked for; infinite behind the last."""
    return asked.t_eval[row] if row < len(asked.t_eval) else direction * np.inf


@inlined
def store_asked(row, step, t_stop, asked, direction):
    """Keep the states at the times asked for up to t_stop, from row on; returns the next row."""
    t = next_asked(asked, row, direction)
    while direction * (t - t_stop) <= 0.0:
        if t == step.t_new:
            for j in range(len(step.y)):
                asked.y_eval[row, j] = step.y_new[j]
        else:
            interpolate((t - step.t) / step.h, step, asked.y_eval[row])
        row += 1
        t = next_asked(asked, row, direction)
    return row


@inlined
def keep(step, row, row_asked, output, asked, watched, clock, counts, direction):
    """Keep what is asked for of an accepted step, in these rows.

    Returns (code, t, row, row_asked): EVENT where an event ends the solve within the step, at t,
    whose end in step.y_new is then the state there, RHS_FAILED where an event function failed,
    otherwise DONE; the rows to go on with.
    """
    code, t_stop = DONE, step.t_new
    if len(watched.events) > 0:
        found = counts[FOUND]
        code = find_events(step, watched, clock, counts)
        if code == RHS_FAILED:
            counts[FOUND] = found
            return code, step.t, row, row_asked
        if code == EVENT:
            t_stop = watched.t_found[counts[FOUND] - 1]
    row_asked = store_asked(row_asked, step, t_stop, asked, direction)
    if len(output.q_out) > 0:
        store_interpolant(row, step, output)
    if t_stop != step.t_new:  # an event ends the solve within the step
        for j in range(len(step.y)):
            step.y_new[j] = watched.y_found[counts[FOUND] - 1, j]
    if len(output.t_out) > 0:
        store_step(row, t_stop, step.y_new, output)
        row += 1
    return code, t_stop, row, row_asked
