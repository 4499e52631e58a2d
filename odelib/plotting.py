"""The figures that recur in the book, each a few lines of matplotlib.

The colours mean the same on every page: the flow is black, the method blue, what is
unstable red. Nothing in odelib imports this module; notebooks import it by name,

    from odelib import plotting

Every function draws on axes that it is given, or on new ones, and returns them, so that a
chapter goes on with plain matplotlib.
"""

import matplotlib.pyplot as plt
import numpy as np

from odelib.book_style import CYCLE, FLOW, GUIDE, METHOD, UNSTABLE, use_book_style
from odelib.methods.stability import stability_function, stability_interval

__all__ = [
    "CYCLE", "FLOW", "GUIDE", "METHOD", "UNSTABLE",
    "convergence", "loss_contours", "multipliers", "pair", "sharpness_history",
    "stability_region", "training_history", "training_spectrum", "use_book_style",
]  # fmt: skip


def loss_contours(hessian, minimiser, *, radius, ax=None, levels=7):
    """Contours of L(θ) − L* = ½(θ − θ*)ᵀH(θ − θ*) in the square of half-width `radius`.

    hessian (2, 2), minimiser (2,). The levels are squares of equally spaced numbers, so that
    the ellipses are equally spaced. Marks the minimiser with a cross; returns the axes.
    """
    ax = plt.subplots()[1] if ax is None else ax
    hessian, minimiser = np.asarray(hessian, float), np.ravel(minimiser)
    offset = np.linspace(-radius, radius, 121)
    u, v = np.meshgrid(offset, offset)
    loss = 0.5 * (hessian[0, 0] * u**2 + 2 * hessian[0, 1] * u * v + hessian[1, 1] * v**2)
    squares = np.linspace(0, np.sqrt(loss.max()), levels + 1)[1:-1] ** 2
    ax.contour(
        minimiser[0] + u, minimiser[1] + v, loss, squares, colors=GUIDE, linewidths=0.7, alpha=0.6
    )
    ax.plot(*minimiser, "+", color=FLOW, markersize=9, markeredgewidth=1.5, zorder=4)
    ax.set(
        xlim=minimiser[0] + np.array([-radius, radius]),
        ylim=minimiser[1] + np.array([-radius, radius]),
        xlabel=r"$\theta_0$",
        ylabel=r"$\theta_1$",
        aspect="equal",
    )
    ax.locator_params(nbins=7, steps=[1, 2, 5, 10])
    return ax


def multipliers(eigenvalues, learning_rate, *, method="Euler", ax=None):
    """|R(z)| on the real axis, and on it a dot over each z = −learning_rate·λᵢ.

    eigenvalues (n,) of the Hessian. One step multiplies the i-th mode of the error by R(z):
    the dot is blue where |R(z)| ≤ 1, red where the mode grows. Returns the axes.
    """
    ax = plt.subplots()[1] if ax is None else ax
    z = -learning_rate * np.ravel(eigenvalues)
    size = np.abs(stability_function(method, z))
    colours = [METHOD if stable else UNSTABLE for stable in size <= 1]
    border = _real_border(method)
    left = 1.25 * min(-border, z.min())
    line = np.linspace(left, 0, 401)
    ax.plot(line, np.abs(stability_function(method, line)), color=GUIDE, label=r"$|R(z)|$")
    ax.axhline(1, color=FLOW, linewidth=0.8, linestyle=":")
    ax.axvspan(-border, 0, color=METHOD, alpha=0.08, linewidth=0)
    ax.vlines(z, 0, size, colors=colours, linewidth=1.2)
    ax.scatter(z, size, c=colours, s=36, zorder=3, label=r"$z=-\alpha\lambda_i$")
    ax.set(
        xlim=(left, -0.04 * left),
        ylim=(0, 1.08 * max(1.45, size.max())),
        xlabel=r"$z$ on the real axis",
        ylabel=r"$|R(z)|$",
    )
    return ax


def pair(
    hessian, minimiser, path, learning_rate, *, flow=None, method="Euler", radius=None, axes=None
):
    """The book's recurring figure: the path among the contours, and why it converges or not.

    Parameters
    ----------
    hessian : (2, 2) array
        Matrix of the quadratic loss.
    minimiser : (2,) array
    path : (2, steps + 1) array
        The parameters after each step of the method; column 0 is the start.
    learning_rate : float
        α, the step of the method.
    flow : (2, m) array, optional
        The exact flow from the same start, drawn as a black line.
    method : str
        Whose stability function the right panel shows.
    radius : float, optional
        Half-width of the left window; by default the start lies well inside it.
    axes : pair of matplotlib axes, optional

    Returns
    -------
    fig, axes
        Left: contours, flow and the method's dots, blue if every mode is stable, red if not;
        dots outside the window are not shown. Right: `multipliers`.
    """
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(6.8, 3.5))
    left, right = axes
    path, minimiser = np.asarray(path, float), np.ravel(minimiser)
    eigenvalues = np.linalg.eigvalsh(hessian)
    if radius is None:
        radius = 1.3 * np.abs(path[:, 0] - minimiser).max()
    stable = np.all(np.abs(stability_function(method, -learning_rate * eigenvalues)) <= 1)
    colour = METHOD if stable else UNSTABLE

    loss_contours(hessian, minimiser, radius=radius, ax=left)
    if flow is not None:
        left.plot(*np.asarray(flow), color=FLOW, linewidth=1.4, label="flow", zorder=3)
    left.plot(*path, color=colour, linewidth=0.6, alpha=0.3)
    left.plot(*path, "o", color=colour, markersize=3.5, label=method)
    left.legend(loc="upper left", handlelength=1, frameon=True, framealpha=0.9, edgecolor="none")
    step = r"learning rate $\alpha" if method == "Euler" else r"step $h"
    left.set_title(rf"{step} = {learning_rate:.4g}$")

    multipliers(eigenvalues, learning_rate, method=method, ax=right)
    right.set_title("stable" if stable else "unstable", color=colour)
    return left.figure, axes


def convergence(h, errors, order, *, ax=None, label=None):
    """Errors (n,) against steps h (n,), log–log, beside a dashed line of slope `order`.

    The line passes a little below the error of the largest step. Call it again with the same
    axes for a second method; returns the axes.
    """
    ax = plt.subplots()[1] if ax is None else ax
    h, errors = np.ravel(h).astype(float), np.ravel(errors).astype(float)
    largest = np.argmax(h)
    reference = 0.6 * errors[largest] * (h / h[largest]) ** order
    ax.loglog(h, errors, "o-", label="error" if label is None else label)
    ax.loglog(h, reference, "--", color=GUIDE, linewidth=1.2, label=f"slope {order:g}")
    ax.set(xlabel="step $h$", ylabel="error")
    ax.legend()
    return ax


def stability_region(method, *, ax=None, z=None, window=(-5, 1.5, -3.5, 3.5)):
    """The region |R(z)| ≤ 1 of the complex plane, shaded, with dots at given z.

    z (n,), real or complex, for instance −αλᵢ: blue inside the region, red outside.
    window (left, right, bottom, top). Returns the axes.
    """
    ax = plt.subplots(figsize=(4.6, 4.2))[1] if ax is None else ax
    x, y = np.linspace(*window[:2], 321), np.linspace(*window[2:], 321)
    size = np.abs(stability_function(method, x + 1j * y[:, None]))
    ax.contourf(x, y, size, [0, 1], colors=[METHOD], alpha=0.15)
    ax.contour(x, y, size, [1], colors=[METHOD], linewidths=1.4)
    ax.axhline(0, color=GUIDE, linewidth=0.7)
    ax.axvline(0, color=GUIDE, linewidth=0.7)
    if z is not None:
        z = np.ravel(z).astype(complex)
        stable = np.abs(stability_function(method, z)) <= 1
        colours = [METHOD if inside else UNSTABLE for inside in stable]
        ax.scatter(z.real, z.imag, c=colours, s=36, zorder=3)
    ax.set(xlabel=r"Re $z$", ylabel=r"Im $z$", aspect="equal")
    ax.set(xlim=window[:2], ylim=window[2:])
    return ax


def training_spectrum(eigenvalues, learning_rate, *, method="Euler", ax=None):
    """The stability region of a method, and on it z = −learning_rate·λᵢ of a training spectrum.

    eigenvalues (n,) of the Hessian, of either sign: a dot is blue where its mode is damped, red
    where it grows. The window holds them all. Returns the axes.
    """
    z = -learning_rate * np.ravel(np.asarray(eigenvalues, float))
    left = 1.15 * min(z.min(), -_real_border(method))
    right = max(1.0, 1.15 * z.max())
    ax = stability_region(method, ax=ax, z=z, window=(left, right, -3.5, 3.5))
    inside = np.abs(stability_function(method, z)) <= 1
    ax.set_title(
        f"{inside.sum()} of {len(z)} modes are damped",
        color=METHOD if inside.all() else UNSTABLE,
    )
    return ax


def sharpness_history(steps, sharpness, learning_rate, *, limit=2.0, ax=None):
    """The sharpness λmax (m,) at given steps (m,), and the border limit/learning_rate.

    limit is the method's, of αλmax: 2 for gradient descent. The border is a dashed line, what
    lies above it is red. Returns the axes.
    """
    ax = plt.subplots()[1] if ax is None else ax
    steps, sharpness = np.ravel(steps), np.ravel(sharpness).astype(float)
    border = limit / learning_rate
    above = sharpness > border
    ax.plot(steps, sharpness, color=METHOD, linewidth=1.2, label=r"$\lambda_{\max}$")
    ax.plot(steps[above], sharpness[above], "o", color=UNSTABLE, markersize=3.5)
    ax.axhline(border, color=FLOW, linestyle="--", linewidth=1.2, label=rf"${limit:.4g}/\alpha$")
    ax.set(xlabel="step", ylabel="sharpness", ylim=(0, 1.15 * max(border, np.nanmax(sharpness))))
    ax.legend()
    return ax


def training_history(steps, loss, *, validation=None, ax=None):
    """The loss (m,) at given steps (m,) on a logarithmic axis, and the validation loss (m,).

    A ring marks the lowest validation loss, where early stopping would have stopped. Returns the
    axes.
    """
    ax = plt.subplots()[1] if ax is None else ax
    steps = np.ravel(steps)
    ax.semilogy(steps, np.ravel(loss), color=METHOD, label="training")
    if validation is not None:
        held_out = np.ravel(validation).astype(float)
        best = int(np.nanargmin(held_out))
        ax.semilogy(steps, held_out, color=CYCLE[1], label="validation")
        ax.plot(
            steps[best], held_out[best], "o", color=CYCLE[1], markersize=9, fillstyle="none",
            label=f"lowest, step {steps[best]:g}",
        )  # fmt: skip
    ax.set(xlabel="step", ylabel="loss")
    ax.legend()
    return ax


def _real_border(method):
    """Length of the stable part of the negative real axis, a finite number for drawing."""
    length = stability_interval(method)[0]
    return length if np.isfinite(length) else 10.0
