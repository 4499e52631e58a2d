"""What the loop of the optimizers is given, what it says, and where it keeps what it remembers.

Its groups of arguments are defined here as those of a solve are in solving/codes.py.
"""

from typing import NamedTuple

import numpy as np

# What `descend` says.
(
    LAST_STEP, PAUSED, SMALL_GRADIENT, SMALL_CHANGE, LOW_LOSS,
    FAILED, BAD_GRADIENT, NOT_FINITE, SINGULAR, UNSOLVED,
) = range(10)  # fmt: skip

# counts (int64): AVERAGED iterates in the mean; MOVED_LITTLE: the last step was a small one;
# STATUS is what a failing function returned, and WHICH says which function.
(
    STEPS, GRADIENTS, HESSIANS, LOSSES, ROWS, AVERAGED, MOVED_LITTLE, STATUS, WHICH, COUNTS,
) = range(10)  # fmt: skip
GRAD, FUN, HESSIAN, GRAD_WITHIN = range(4)  # the last: grad, but not at theta

# levels (float64). A negative level of a criterion, or of the clipping, asks for nothing.
(
    CLIP, DECAY, GRADIENT_LEVEL, CHANGE_LEVEL, LOSS_LEVEL, AVERAGE_FROM, LEVELS,
) = range(7)  # fmt: skip

CLIP_EPS = 1e-6  # PyTorch's clip_grad_norm_

# What the gradient gets for t in step k is k·TICK: an exact number, and so much time that no stage
# of a step, at t − cα, comes near another step. A field that changes with every step tells k by it.
TICK = 2.0**40


# --- What `descend` is given ----------------------------------------------------------------------


class Rule(NamedTuple):
    """How a step is made of the gradient."""

    step: int  # the address of a method's step or of an update; 0 for the other rules
    stages: int  # gradients of a step
    rule: int  # see optimizers/implicit_steps.py
    settings: np.ndarray  # hyperparameters of an update, or room for a step's error


class Addresses(NamedTuple):
    """The functions, each with its arguments; that of fun and of hessian may be 0."""

    grad: int
    ctx: np.ndarray
    fun: int
    ctx_fun: np.ndarray
    hessian: int
    ctx_hessian: np.ndarray


class Schedule(NamedTuple):
    """How far to go, and how."""

    budget: int  # steps before a pause
    last: int
    rates: np.ndarray  # α of each step of this budget, or (1,)
    levels: np.ndarray
    every: int  # steps between rows of the history; 0: keep none


class Position(NamedTuple):
    """Where the descent stands, and the room that a step needs (see optimizers/updates.py)."""

    counts: np.ndarray
    theta: np.ndarray  # (n,)
    theta_new: np.ndarray  # (n,)
    K: np.ndarray  # the gradient, and the memory behind it
    mean: np.ndarray  # (n,) of the iterates


class Record(NamedTuple):
    """What is kept on the way."""

    k_out: np.ndarray  # (room,)
    loss_out: np.ndarray  # (room,)
    norm_out: np.ndarray  # (room,)
    path_out: np.ndarray  # (room, n), or (0, n)


class Room(NamedTuple):
    """Room for implicit_step, and for the loss."""

    A: np.ndarray  # (n, n)
    d: np.ndarray  # (n,)
    evaluations: np.ndarray  # (2,)
    value: np.ndarray  # (1,)
