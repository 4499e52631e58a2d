"""What the loop of the optimisers says, and where it keeps what it must remember."""

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
