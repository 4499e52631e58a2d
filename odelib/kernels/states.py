"""What a kernel says when it returns, and where it keeps what it must remember."""

# What `advance` says.
DONE, PAUSED, FULL, EVENT, RHS_FAILED, STEP_TOO_SMALL, NOT_FINITE = range(7)

# clock (float64): the time reached, the size of the next step, and where f or an event failed.
T, H, T_FAILED = range(3)

# counts (int64): FRESH says that K[0] holds f(t, y), RETRYING that the last step was rejected,
# STATUS is what a failing function returned, FAILED_EVENT says which event (0: f itself), BEGUN
# that the start is stored and the first step known, and BUDGET is how many steps to try before a
# pause.
(
    STEPS, REJECTED, EVALUATIONS, STORED, STORED_EVAL, FOUND, FRESH, RETRYING, STATUS,
    FAILED_EVENT, BEGUN, BUDGET, COUNTS,
) = range(13)  # fmt: skip

# Parts of a step in which an event's change of sign is looked for.
SUBDIVISIONS = 4
