"""Every optimizer as a flow and an integrator: the table OPTIMIZERS.

The claim of a row says how the algorithm and the differential equation are tied: *identity*, the
algorithm is that integrator on that flow, step by step; *limit*, it tends to the flow as its steps
become small; *analogy*, neither.

References
----------
.. [P64] Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput.
         Math. Math. Phys. 4 (1964) 1–17, doi:10.1016/0041-5553(64)90137-5.
.. [N83] Nesterov, "A method of solving a convex programming problem with convergence rate
         O(1/k²)", Soviet Math. Dokl. 27 (1983) 372–376.
.. [SBC] Su, Boyd, Candès, "A differential equation for modeling Nesterov's accelerated gradient
         method", JMLR 17 (2016) 153.
.. [SMDH] Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in
         deep learning", ICML 2013.
.. [KB] Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv:1412.6980.
.. [LH] Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101.
.. [TH] Tieleman, Hinton, "Lecture 6.5: RMSprop", Coursera 2012.
.. [PB] Parikh, Boyd, "Proximal algorithms", Found. Trends Optim. 1 (2014) 127–239,
        doi:10.1561/2400000003.
.. [C22] Cohen, Ghorbani, Krishnan et al., "Adaptive gradient methods at the edge of stability",
         arXiv:2207.14484.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from odelib.methods.stability import stability_interval
from odelib.methods.tableaus import RUNGE_KUTTA


@dataclass(frozen=True)
class Optimizer:
    """One row of OPTIMIZERS."""

    flow: str  # the differential equation
    integrator: str  # the numerical method on it
    claim: str  # 'identity', 'limit' or 'analogy'
    pinned_to: str  # the implementation or the theorem that the tests hold it to
    note: str = ""  # where conventions differ
    settings: dict[str, float] = field(default_factory=dict)  # hyperparameters with their defaults
    weight_decay: float | None = 0.0  # default; None: takes neither weight_decay nor clip
    decoupled: bool = False  # the decay acts on θ, not through the gradient
    tableau: str | None = None  # of a Runge–Kutta method: its name in METHODS
    update: str | None = None  # of an update with memory: its name in updates.py
    rule: str | None = None  # of a step with the Hessian: its name in implicit_steps.py
    memory: int = 0  # vectors (n,) that it remembers
    limit: Callable | None = None  # **settings -> the largest stable αλ on a quadratic


def _runge_kutta(name):
    return Optimizer(
        flow="gradient flow, θ̇ = −∇L",
        integrator=f"{name} with step h = α",
        claim="identity",
        pinned_to=f"solve_ivp(method={name!r}, step=α), bit for bit",
        note="several gradients a step: compare at equal gradient evaluations",
        weight_decay=None,
        tableau=name,
        limit=lambda: stability_interval(name)[0],
    )


_OSCILLATOR = "damped oscillator, θ̈ + γθ̇ + ∇L = 0"

OPTIMIZERS = {
    "gd": Optimizer(
        flow="gradient flow, θ̇ = −∇L",
        integrator="Euler with step h = α",
        claim="identity",
        pinned_to="solve_ivp(method='Euler', step=α), bit for bit; torch.optim.SGD",
        tableau="Euler",
        limit=lambda: stability_interval("Euler")[0],
    ),
    "heavy_ball": Optimizer(
        flow=_OSCILLATOR,
        integrator="semi-implicit Euler, v first, with h = √α and γ = (1 − β)/h",
        claim="identity",
        pinned_to="torch.optim.SGD(momentum=β, dampening=τ)",
        note="[P64]. Keras and Sutskever put α into the velocity, which is the same path as long "
        "as α is constant; see `translate_momentum`. The dampening skips the first step, as in "
        "PyTorch.",
        settings={"momentum": 0.9, "dampening": 0.0},
        update="heavy_ball",
        memory=1,
        limit=lambda momentum, dampening: 2.0 * (1.0 + momentum) / (1.0 - dampening),
    ),
    "nesterov": Optimizer(
        flow=_OSCILLATOR,
        integrator="semi-implicit Euler with the gradient at the look-ahead point θ + βhv",
        claim="identity",
        pinned_to="torch.optim.SGD(momentum=β, nesterov=True)",
        note="[N83], [SMDH]. theta is the look-ahead point, where the gradient is taken, as in "
        "PyTorch and Keras; Sutskever's own point is θ + αβb (see `sutskever_point`).",
        settings={"momentum": 0.9},
        update="nesterov",
        memory=1,
        limit=lambda momentum: 2.0 * (1.0 + momentum) / (1.0 + 2.0 * momentum),
    ),
    "nesterov_convex": Optimizer(
        flow="θ̈ + (3/t)θ̇ + ∇L = 0",
        integrator="the scheme of [N83] with momentum k/(k + 3), t = k√α",
        claim="limit",
        pinned_to="L(x_k) − L* ≤ 2‖θ₀ − θ*‖²/(α(k + 1)²) for α ≤ 1/λmax, and the flow's own path",
        note="[SBC] count k from 1 and write (k − 1)/(k + 2). theta is their y, the look-ahead "
        "point; their x is one gradient step behind it.",
        update="nesterov_convex",
        memory=1,
        limit=lambda: 4.0 / 3.0,
    ),
    "proximal": Optimizer(
        flow="gradient flow, θ̇ = −∇L",
        integrator="implicit Euler with step h = α",
        claim="identity",
        pinned_to="the factor 1/(1 + αλ) on a quadratic, for every α > 0",
        note="[PB] section 4.1.1. Give hessian=, for Newton's method on the implicit equation, or "
        "prox=, a function prox(theta, learning_rate, *args), where it is known in closed form.",
        weight_decay=None,
        rule="IMPLICIT",
        limit=lambda: np.inf,
    ),
    "newton": Optimizer(
        flow="Newton flow, θ̇ = −H⁻¹∇L",
        integrator="Euler with step h = α; Newton's method is α = 1",
        claim="identity",
        pinned_to="‖∇L‖ falls as e^(−t) along the flow; quadratic convergence at α = 1",
        note="hessian= is needed. Every stationary point attracts it, saddles and maxima too.",
        weight_decay=None,
        rule="NEWTON",
    ),
    "levenberg_marquardt": Optimizer(
        flow="gradient flow, θ̇ = −∇L",
        integrator="linearly implicit Euler with step h = α",
        claim="identity",
        pinned_to="θ − (H + I/α)⁻¹∇L, the damping of Levenberg and Marquardt being 1/α",
        note="hessian= is needed; give JᵀJ of a least-squares problem to have the original "
        "method. α → ∞ gives Newton's method, α → 0 gradient descent.",
        weight_decay=None,
        rule="LINEARLY_IMPLICIT",
        limit=lambda: np.inf,
    ),
    "sign": Optimizer(
        flow="sign flow, θ̇ = −sign(∇L)",
        integrator="Euler with step h = α",
        claim="identity",
        pinned_to="each component moves by exactly α; Adam with β₁ = β₂ = ε = 0",
        note="with a constant α it ends in a cycle of size α",
        update="sign",
    ),
    "rmsprop": Optimizer(
        flow="θ̇ = −∇L/(√v + ε), τ v̇ = (∇L)² − v with τ = α/(1 − ρ)",
        integrator="semi-implicit Euler, v first, with step h = α",
        claim="identity",
        pinned_to="torch.optim.RMSprop(alpha=ρ)",
        note="[TH]. ε stands outside the root, as in PyTorch and Keras 3; TensorFlow 1 had "
        "√(v + ε). ρ is PyTorch's `alpha` and Keras's `rho` (0.9 there).",
        settings={"smoothing": 0.99, "eps": 1e-8},
        update="rmsprop",
        memory=1,
    ),
    "adam": Optimizer(
        flow="θ̇ = −m/(√v + ε), m and v moving averages of ∇L and (∇L)²",
        integrator="semi-implicit Euler, with the averages' bias divided out",
        claim="limit",
        pinned_to="torch.optim.Adam",
        note="[KB] Algorithm 1, as PyTorch: ε is added to √v after the correction of its bias. "
        "Keras adds it before, which is ε/√(1 − β₂ᵏ) here. weight_decay goes into the gradient.",
        settings={"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        update="adam",
        memory=2,
    ),
    "adamw": Optimizer(
        flow="θ̇ = −m/(√v + ε) − ωθ",
        integrator="as adam; the linear term acts on θ alone",
        claim="limit",
        pinned_to="torch.optim.AdamW",
        note="[LH], as PyTorch: θ is first multiplied by 1 − αω, ω being weight_decay. In the "
        "paper the decay is not multiplied by α but by the schedule alone.",
        settings={"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        weight_decay=0.01,
        decoupled=True,
        update="adam",
        memory=2,
    ),
} | {name: _runge_kutta(name) for name in RUNGE_KUTTA if name != "Euler"}


def translate_momentum(learning_rate, momentum, *, source, target):
    """The two coefficients of momentum in another convention, for one and the same path.

    ========== ================================================ =========================
    convention one step of heavy ball                            coefficients
    ========== ================================================ =========================
    pytorch    b ← βb + g;             θ ← θ − αb               (α, β)
    keras      v ← βv − αg;            θ ← θ + v                (α, β)
    sutskever  v ← μv − εg;            θ ← θ + v                (ε, μ) = (α, β)
    polyak     θ_next = θ − αg + β(θ − θ_previous)              (α, β)
    average    m ← βm + (1 − β)g;      θ ← θ − am               (a, β), a = α/(1 − β)
    ode        v ← v − h(γv + g);      θ ← θ + hv               (h, γ), α = h², β = 1 − γh
    ========== ================================================ =========================

    All start at rest. The paths of the first five agree only as long as α and β are constant:
    PyTorch's b is free of α, Keras's v is not. 'average' is Adam's; PyTorch has it with
    dampening = β, except in its first step.

    Parameters
    ----------
    learning_rate, momentum : float
        The two coefficients in the source's convention: for 'ode' the step h and the damping γ.
    source, target : str
        'pytorch', 'keras', 'sutskever', 'polyak', 'average' or 'ode'.

    Returns
    -------
    (float, float)
        The two coefficients in the target's convention.

    Raises
    ------
    ValueError
        An unknown convention, or coefficients that have no counterpart.

    Examples
    --------
    >>> h, damping = translate_momentum(0.01, 0.9, source="pytorch", target="ode")
    >>> print(f"step {h:.3f}, damping {damping:.3f}")
    step 0.100, damping 1.000
    """
    for name, value in (("source", source), ("target", target)):
        if value not in _CONVENTIONS:
            known = ", ".join(map(repr, _CONVENTIONS))
            raise ValueError(f"{name} must be one of {known}; got {value!r}")
    first, second = float(learning_rate), float(momentum)
    if not first > 0.0:
        raise ValueError(f"learning_rate must be positive, got {first}")
    if source == "average" and second >= 1.0:
        raise ValueError(f"an average needs a momentum below 1, got {second}")
    if source == "ode":
        first, second = first * first, 1.0 - second * first
    elif source == "average":
        first *= 1.0 - second
    if target == "ode":
        step = np.sqrt(first)
        return float(step), float((1.0 - second) / step)
    if target == "average":
        if second >= 1.0:
            raise ValueError(f"an average needs a momentum below 1, got {second}")
        first /= 1.0 - second
    return first, second


_CONVENTIONS = ("pytorch", "keras", "sutskever", "polyak", "average", "ode")


def sutskever_point(theta, velocity, momentum):
    """Sutskever's parameters from PyTorch's, in Nesterov's method with constant coefficients.

    PyTorch and Keras keep the look-ahead point θ̂ = θ + βv; Sutskever keeps θ itself.

    Parameters
    ----------
    theta : ndarray (n,)
        The look-ahead point, as `minimize(method="nesterov")` returns it.
    velocity : ndarray (n,)
        v, the last change of Sutskever's own point: −α times PyTorch's momentum buffer.
    momentum : float
        β.

    Returns
    -------
    ndarray (n,)
    """
    return np.asarray(theta) - momentum * np.asarray(velocity)
