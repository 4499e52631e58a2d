"""What the kernels of a solve are given, what they say, and where they keep what they remember.

Each group of arguments is defined here and nowhere else: Python makes it, the kernels read it by
the names of its fields. A group is made with the field's name before each value, or from variables
of these names (a test sees to that), and a kernel refuses a group in the place of another: so no
two arrays can change places unnoticed.
"""

from typing import NamedTuple

import numpy as np

# --- What a kernel says, and what it remembers ----------------------------------------------------

# What `advance` says.
DONE, PAUSED, FULL, EVENT, RHS_FAILED, STEP_TOO_SMALL, NOT_FINITE, NOT_SOLVED = range(8)

# clock (float64): the time reached, the size of the next step, and where f or an event failed.
T, H, T_FAILED = range(3)

# counts (int64): FRESH says that K[0] holds f(t, y), RETRYING that the last step was rejected,
# STATUS is what a failing function returned, FAILED_EVENT says which event (0: f itself, or -1 its
# Jacobian), BEGUN that the start is stored and the first step known, and BUDGET is how many steps
# to try before a pause. Implicit methods count calls of the Jacobian and decompositions too.
(
    STEPS, REJECTED, EVALUATIONS, STORED, STORED_EVAL, FOUND, FRESH, RETRYING, STATUS,
    FAILED_EVENT, BEGUN, BUDGET, JACOBIANS, DECOMPOSITIONS, COUNTS,
) = range(15)  # fmt: skip

# Parts of a step in which an event's change of sign is looked for.
SUBDIVISIONS = 4

# --- What `advance` is given ----------------------------------------------------------------------


class Field(NamedTuple):
    """The right-hand side with its arguments."""

    rhs: int  # its address
    ctx: np.ndarray


class Span(NamedTuple):
    """From where to where, and how far at a time."""

    t0: float
    t_end: float
    step: float  # fixed; 0: the error decides
    last: int  # number of fixed steps
    max_step: float


class Tolerances(NamedTuple):
    """What error is allowed; of shape (n / 2,) where y is complex."""

    rtol: np.ndarray
    atol: np.ndarray


class State(NamedTuple):
    """Where the solve stands, and the room that a step needs."""

    clock: np.ndarray
    counts: np.ndarray
    y: np.ndarray  # (n,)
    K: np.ndarray  # (slopes·n,) by rows
    y_new: np.ndarray  # (n,) the step's end
    err: np.ndarray  # what the step says of it


class Output(NamedTuple):
    """Every step, where that is asked for: otherwise the arrays are empty."""

    t_out: np.ndarray  # (room,)
    y_out: np.ndarray  # (room, n)
    h_out: np.ndarray  # (room,) for dense output
    q_out: np.ndarray  # (room, terms, n) for dense output


class Asked(NamedTuple):
    """The solution at the times that were asked for."""

    t_eval: np.ndarray  # (m,)
    y_eval: np.ndarray  # (m, n)


class Watched(NamedTuple):
    """The events, those that were found, and room to look for them."""

    events: np.ndarray  # (e,) addresses
    ctx_events: np.ndarray  # (e,) addresses
    directions: np.ndarray  # (e,)
    left: np.ndarray  # (e,) how many until the end
    g: np.ndarray  # (e,) their values
    t_found: np.ndarray  # (room,)
    which: np.ndarray  # (room,)
    y_found: np.ndarray  # (room, n)
    y_mid: np.ndarray  # (n,)
    g_mid: np.ndarray  # (e + 1,)


# --- Within the kernels, and round them -----------------------------------------------------------


class Step(NamedTuple):
    """A step that was accepted, for what asks for the solution within it."""

    t: float
    t_new: float
    h: float
    y: np.ndarray
    y_new: np.ndarray
    K: np.ndarray
    F: np.ndarray


class Queue(NamedTuple):
    """The rows of an ensemble that `solve_rows` is to solve, and how far it may go."""

    place: np.ndarray
    origin: int  # the row of contexts[0]
    budget: int  # steps before a pause
    max_steps: int  # of a row
    first_step: float


class Trajectories(NamedTuple):
    """A row for each trajectory: what it starts from, and what became of it."""

    starts: np.ndarray
    contexts: np.ndarray
    ends: np.ndarray
    between: np.ndarray  # (N, m, n) at the times asked for
    t_reached: np.ndarray
    tallies: np.ndarray
    done: np.ndarray
