"""The update of each optimizer with a memory, as the literature writes it.

Each has the ABI STEP (see odelib.pointers), so that the loop which takes Runge–Kutta steps takes
these too. On entry the first n numbers of K are the gradient at theta, behind them stands the
memory, zero at the start; k is the number of the step, from 0; h = −α; `settings` are the row's
hyperparameters in their order (see table.py). They write theta_new and the memory.

Sources: the rows of `OPTIMIZERS`.
"""

import functools

import numpy as np

from odelib.pointers import step_pointer


@functools.cache
def update_of(name):
    """The compiled update of this name: an object with an `.address` that must be kept alive."""
    return step_pointer(globals()[name])


def heavy_ball(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """Polyak's momentum, PyTorch's SGD: b ← βb + (1 − τ)g, from b = g; θ ← θ − αb."""
    momentum, dampening = settings[0], settings[1]
    for j in range(n):
        b = K[j] if k == 0.0 else momentum * K[n + j] + (1.0 - dampening) * K[j]
        K[n + j] = b
        theta_new[j] = theta[j] + h * b
    return 0


def nesterov(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """Nesterov's momentum at the look-ahead point, PyTorch's SGD: b ← βb + g; θ ← θ − α(g + βb)."""
    momentum = settings[0]
    for j in range(n):
        b = momentum * K[n + j] + K[j]
        K[n + j] = b
        theta_new[j] = theta[j] + h * (K[j] + momentum * b)
    return 0


def nesterov_convex(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """Nesterov 1983: x ← θ − αg; θ ← x + k/(k + 3)·(x − x before)."""
    for j in range(n):
        before = theta[j] if k == 0.0 else K[n + j]
        x = theta[j] + h * K[j]
        K[n + j] = x
        theta_new[j] = x + k / (k + 3.0) * (x - before)
    return 0


def sign(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """Sign descent: θ ← θ − α sign(g)."""
    for j in range(n):
        theta_new[j] = theta[j] + h * np.sign(K[j])
    return 0


def rmsprop(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """RMSprop, ε outside the root: v ← ρv + (1 − ρ)g²; θ ← θ − αg/(√v + ε)."""
    smoothing, eps = settings[0], settings[1]
    for j in range(n):
        v = smoothing * K[n + j] + (1.0 - smoothing) * (K[j] * K[j])
        K[n + j] = v
        if K[j] != 0.0:  # with ε = 0 it would be 0/0
            theta_new[j] = theta[j] + h * (K[j] / (np.sqrt(v) + eps))
        else:
            theta_new[j] = theta[j]
    return 0


def adam(grad, k, k_same, h, n, theta, ctx, K, theta_new, settings):
    """Adam, and AdamW: the last setting is the weight decay that skips the gradient's memory.

    m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², both divided by 1 − βᵏ⁺¹ before use;
    θ ← (1 − αω)θ − α m/(√v + ε).
    """
    beta1, beta2, eps, decay = settings[0], settings[1], settings[2], settings[3]
    correct_m = 1.0 - beta1 ** (k + 1.0)
    correct_v = np.sqrt(1.0 - beta2 ** (k + 1.0))
    for j in range(n):
        m = beta1 * K[n + j] + (1.0 - beta1) * K[j]
        v = beta2 * K[2 * n + j] + (1.0 - beta2) * (K[j] * K[j])
        K[n + j], K[2 * n + j] = m, v
        kept = theta[j] * (1.0 + h * decay)
        if m != 0.0:
            theta_new[j] = kept + h * ((m / correct_m) / (np.sqrt(v) / correct_v + eps))
        else:
            theta_new[j] = kept
    return 0
