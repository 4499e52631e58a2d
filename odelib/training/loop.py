"""The loop over steps that serves every optimizer and every gradient; compiled once per machine.

It takes the gradient, the loss and the Hessian as addresses of C functions (see odelib.pointers),
and a step as an address too: that of a Runge–Kutta method (methods/steps.py) or of an update with
memory (optimizers/updates.py). It can be paused: `descend` runs until it is done or has used its
budget of steps, and all that it needs to go on stands in its arguments.
"""

import numpy as np

from odelib.optimizers.implicit_steps import (
    EXPLICIT,
    FINE,
    HESSIAN_FAILED,
    NO_SOLUTION,
    SINGULAR_MATRIX,
    UPDATE,
    implicit_step,
)
from odelib.pointers import call_rhs, call_step, call_update, called, data, kernel, offset
from odelib.training.codes import (
    AVERAGE_FROM,
    AVERAGED,
    BAD_GRADIENT,
    CHANGE_LEVEL,
    CLIP,
    CLIP_EPS,
    DECAY,
    FAILED,
    FUN,
    GRAD,
    GRAD_WITHIN,
    GRADIENT_LEVEL,
    GRADIENTS,
    HESSIAN,
    HESSIANS,
    LAST_STEP,
    LOSS_LEVEL,
    LOSSES,
    LOW_LOSS,
    MOVED_LITTLE,
    NOT_FINITE,
    PAUSED,
    ROWS,
    SINGULAR,
    SMALL_CHANGE,
    SMALL_GRADIENT,
    STATUS,
    STEPS,
    TICK,
    UNSOLVED,
    WHICH,
)


@kernel
def descend(rule, addresses, schedule, position, record, room):
    """Steps until one of the reasons in codes.py to return; it can be called again to go on."""
    grad, fun, hessian = addresses.grad, addresses.fun, addresses.hessian
    ctx, ctx_fun, ctx_hessian = addresses.ctx, addresses.ctx_fun, addresses.ctx_hessian
    levels, every, rates = schedule.levels, schedule.every, schedule.rates
    counts, theta, theta_new = position.counts, position.theta, position.theta_new
    K, mean, value, evaluations = position.K, position.mean, room.value, room.evaluations
    n = len(theta)
    for i in range(schedule.budget):
        k = counts[STEPS]
        t = k * TICK
        counts[STATUS] = call_rhs(grad, t, data(theta), data(ctx), data(K))
        counts[GRADIENTS] += 1
        if counts[STATUS] != 0:
            counts[WHICH] = GRAD
            return FAILED
        norm = size(data(K), n)
        if not norm < np.inf:
            return BAD_GRADIENT

        # Is this the end? What stands here is kept, and then it is told.
        outcome = PAUSED
        if norm <= levels[GRADIENT_LEVEL]:
            outcome = SMALL_GRADIENT
        elif counts[MOVED_LITTLE]:
            outcome = SMALL_CHANGE
        elif k == schedule.last:
            outcome = LAST_STEP
        if every > 0 and (outcome != PAUSED or k % every == 0):
            row = counts[ROWS]
            if fun != 0:
                counts[STATUS] = call_rhs(fun, float(k), data(theta), data(ctx_fun), data(value))
                counts[LOSSES] += 1
                if counts[STATUS] != 0:
                    counts[WHICH] = FUN
                    return FAILED
                record.loss_out[row] = value[0]
                if value[0] <= levels[LOSS_LEVEL]:
                    outcome = LOW_LOSS
            record.k_out[row] = k
            record.norm_out[row] = norm
            if len(record.path_out) > 0:
                for j in range(n):
                    record.path_out[row, j] = theta[j]
            counts[ROWS] += 1
        if outcome != PAUSED:
            return outcome

        if levels[CLIP] >= 0.0 and norm + CLIP_EPS > levels[CLIP]:
            for j in range(n):
                K[j] *= levels[CLIP] / (norm + CLIP_EPS)
        if levels[DECAY] > 0.0:
            for j in range(n):
                K[j] += levels[DECAY] * theta[j]

        alpha = rates[i] if len(rates) > 1 else rates[0]
        if rule.rule == EXPLICIT:
            # the field of the flow is −∇L, so the step along ∇L has the length −α
            counts[STATUS] = call_step(
                rule.step, grad, t, t, -alpha, n,
                data(theta), data(ctx), data(K), data(theta_new), data(rule.settings),
            )  # fmt: skip
            counts[GRADIENTS] += rule.stages - 1
            if counts[STATUS] != 0:
                counts[WHICH] = GRAD_WITHIN
                return FAILED
        elif rule.rule == UPDATE:
            call_update(
                rule.step, k, alpha, n, data(theta), data(K), offset(data(K), n),
                data(theta_new), data(rule.settings),
            )  # fmt: skip
        else:
            evaluations[0], evaluations[1] = 0, 0
            outcome, counts[STATUS] = implicit_step(
                rule.rule, alpha, t, grad, ctx, hessian, ctx_hessian,
                theta, K, theta_new, room.A, room.d, evaluations,
            )  # fmt: skip
            counts[GRADIENTS] += evaluations[0]
            counts[HESSIANS] += evaluations[1]
            if outcome == SINGULAR_MATRIX:
                return SINGULAR
            if outcome == NO_SOLUTION:
                return UNSOLVED
            if outcome != FINE:
                counts[WHICH] = HESSIAN if outcome == HESSIAN_FAILED else GRAD_WITHIN
                return FAILED

        broken = 0  # a sum without a branch: compilers make vector code of it
        for j in range(n):
            broken += not abs(theta_new[j]) < np.inf
        if broken:
            return NOT_FINITE
        if levels[CHANGE_LEVEL] >= 0.0:
            for j in range(n):
                K[j] = theta_new[j] - theta[j]
            moved = size(data(K), n)
            counts[MOVED_LITTLE] = moved <= levels[CHANGE_LEVEL] * size(data(theta_new), n)
        for j in range(n):
            theta[j] = theta_new[j]
        counts[STEPS] += 1
        if 0.0 <= levels[AVERAGE_FROM] <= counts[STEPS]:
            counts[AVERAGED] += 1
            for j in range(n):
                mean[j] += (theta[j] - mean[j]) / counts[AVERAGED]
    return PAUSED


@called
def size(vector, n):
    """Euclidean norm, also where squares overflow or vanish; inf if a component is not finite."""
    total = 0.0
    for j in range(n):
        total += vector[j] * vector[j]
    if 1e-280 < total < 1e300:
        return np.sqrt(total)
    largest = 0.0
    for j in range(n):
        if not abs(vector[j]) < np.inf:
            return np.inf
        largest = max(largest, abs(vector[j]))
    if largest == 0.0:
        return 0.0
    total = 0.0
    for j in range(n):
        total += (vector[j] / largest) * (vector[j] / largest)
    return largest * np.sqrt(total)
