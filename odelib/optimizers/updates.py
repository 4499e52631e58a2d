"""The update of each optimizer with a memory, as the literature writes it.

An update has the ABI UPDATE (see odelib.pointers): k is the number of the step, from 0; `alpha` the
learning rate; grad (n,) the gradient at theta; `memory` (row.memory·n,) is zero at the start, and
`settings` are the row's hyperparameters in their order (see table.py). It writes theta_new and the
memory.

Sources: the rows of `OPTIMIZERS`.
"""

import functools

import numpy as np

from odelib.pointers import update_pointer


@functools.cache
def update_of(name):
    """The compiled update of this name: an object with an `.address` that must be kept alive."""
    return update_pointer(globals()[name])


def heavy_ball(k, alpha, n, theta, grad, memory, theta_new, settings):
    """Polyak's momentum, PyTorch's SGD: b ← βb + (1 − τ)g, from b = g; θ ← θ − αb."""
    momentum, dampening = settings[0], settings[1]
    for j in range(n):
        b = grad[j] if k == 0 else momentum * memory[j] + (1.0 - dampening) * grad[j]
        memory[j] = b
        theta_new[j] = theta[j] - alpha * b
    return 0


def nesterov(k, alpha, n, theta, grad, memory, theta_new, settings):
    """Nesterov's momentum at the look-ahead point, PyTorch's SGD: b ← βb + g; θ ← θ − α(g + βb)."""
    momentum = settings[0]
    for j in range(n):
        b = momentum * memory[j] + grad[j]
        memory[j] = b
        theta_new[j] = theta[j] - alpha * (grad[j] + momentum * b)
    return 0


def nesterov_convex(k, alpha, n, theta, grad, memory, theta_new, settings):
    """Nesterov 1983: x ← θ − αg; θ ← x + k/(k + 3)·(x − x before)."""
    for j in range(n):
        before = theta[j] if k == 0 else memory[j]
        x = theta[j] - alpha * grad[j]
        memory[j] = x
        theta_new[j] = x + k / (k + 3.0) * (x - before)
    return 0


def sign(k, alpha, n, theta, grad, memory, theta_new, settings):
    """Sign descent: θ ← θ − α sign(g)."""
    for j in range(n):
        theta_new[j] = theta[j] - alpha * np.sign(grad[j])
    return 0


def rmsprop(k, alpha, n, theta, grad, memory, theta_new, settings):
    """RMSprop, ε outside the root: v ← ρv + (1 − ρ)g²; θ ← θ − αg/(√v + ε)."""
    smoothing, eps = settings[0], settings[1]
    for j in range(n):
        v = smoothing * memory[j] + (1.0 - smoothing) * (grad[j] * grad[j])
        memory[j] = v
        if grad[j] != 0.0:  # with ε = 0 it would be 0/0
            theta_new[j] = theta[j] - alpha * (grad[j] / (np.sqrt(v) + eps))
        else:
            theta_new[j] = theta[j]
    return 0


def adam(k, alpha, n, theta, grad, memory, theta_new, settings):
    """Adam, and AdamW: the last setting is the weight decay that skips the gradient's memory.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², both divided by 1 − βᵏ⁺¹ before use;
    θ ← (1 − αω)θ − α m/(√v + ε).
    """
    beta1, beta2, eps, decay = settings[0], settings[1], settings[2], settings[3]
    correct_m = 1.0 - beta1 ** (k + 1.0)
    correct_v = np.sqrt(1.0 - beta2 ** (k + 1.0))
    for j in range(n):
        m = beta1 * memory[j] + (1.0 - beta1) * grad[j]
        v = beta2 * memory[n + j] + (1.0 - beta2) * (grad[j] * grad[j])
        memory[j], memory[n + j] = m, v
        kept = theta[j] * (1.0 - alpha * decay)
        if m != 0.0:
            theta_new[j] = kept - alpha * ((m / correct_m) / (np.sqrt(v) / correct_v + eps))
        else:
            theta_new[j] = kept
    return 0
