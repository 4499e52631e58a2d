"""odelib's optimizers against PyTorch and optax on the CPU: the same steps, side by side.

odelib trains with `train`, the peers with the loop that their manuals show. All start at the same
parameters, take the same steps and end at the same parameters, which is checked; everything is in
float64 and on one thread. The table shows medians and ratios of the medians (above 1: odelib is
quicker). A peer that is not installed is reported as missing.

    python benchmarks/optimizers.py [--quick]
"""

# ruff: noqa: E402 - the number of threads is set before NumPy starts them
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import statistics
import subprocess
import sys
import time

import numpy as np
from sklearn import datasets

from odelib import models, sharpness, train
from odelib.curvature import spectrum

QUICK = "--quick" in sys.argv
REPEATS = 1 if QUICK else 5
STEPS = 2_000 if QUICK else 100_000
PEER_STEPS = 200 if QUICK else 5_000  # of a peer that needs 100 µs a step: time per step is shown

try:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
except ImportError:
    torch = None
try:
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None


def standardised(load):
    """(X, y) of a data set of scikit-learn, the columns of X of mean 0 and variance 1."""
    X, y = load(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def problems():
    """Name, model, data, loss in torch and in jax, learning rate."""
    X, y = standardised(datasets.load_breast_cancer)
    sign = 2.0 * y - 1.0
    yield (
        "logistic, breast cancer", models.logistic(), (X, y), sign,
        lambda z, s: torch.nn.functional.softplus(-s * z).mean(),
        lambda z, s: jnp.logaddexp(0.0, -s * z).mean(), 0.1,
    )  # fmt: skip
    X, y = standardised(datasets.load_diabetes)
    yield (
        "least squares, diabetes", models.least_squares(), (X, y), y,
        lambda z, s: 0.5 * ((z - s) ** 2).mean(),
        lambda z, s: 0.5 * ((z - s) ** 2).mean(), 0.1,
    )  # fmt: skip


OPTIMISERS = {  # ours, torch's, optax's
    "gd": (
        {},
        lambda p, a: torch.optim.SGD(p, lr=a),
        lambda a: optax.sgd(a),
    ),
    "heavy_ball": (
        {"momentum": 0.9},
        lambda p, a: torch.optim.SGD(p, lr=a, momentum=0.9),
        lambda a: optax.sgd(a, momentum=0.9),
    ),
    "adam": (
        {},
        lambda p, a: torch.optim.Adam(p, lr=a),
        lambda a: optax.adam(a),
    ),
}


def with_odelib(model, data, name, alpha, settings):
    def run(steps):  # an epoch of all rows is one step
        return train(
            model, data, name, learning_rate=alpha, epochs=steps, validate_every=steps, **settings
        ).theta

    return run


def with_torch(loss, make, X, target, alpha):
    X, target = torch.tensor(X), torch.tensor(target, dtype=torch.float64)

    def run(steps):
        theta = torch.zeros(X.shape[1], requires_grad=True)
        optimizer = make([theta], alpha)
        for _ in range(steps):
            optimizer.zero_grad()
            loss(X @ theta, target).backward()
            optimizer.step()
        return theta.detach().numpy()

    return run


def with_optax(loss, make, X, target, alpha, *, scan):
    X, target, optimizer = jnp.asarray(X), jnp.asarray(target, dtype=float), make(alpha)
    gradient = jax.grad(lambda theta: loss(X @ theta, target))

    def step(carry, _):
        theta, state = carry
        updates, state = optimizer.update(gradient(theta), state, theta)
        return (optax.apply_updates(theta, updates), state), None

    jitted = jax.jit(lambda carry: step(carry, None)[0])
    whole = jax.jit(
        lambda carry, steps: jax.lax.scan(step, carry, length=steps)[0], static_argnums=1
    )

    def run(steps):
        carry = jnp.zeros(X.shape[1]), optimizer.init(jnp.zeros(X.shape[1]))
        if scan:
            carry = whole(carry, steps)
        else:
            for _ in range(steps):
                carry = jitted(carry)
        return np.asarray(carry[0])

    return run


def per_step(run, steps):
    """Microseconds a step of one run, compiled beforehand."""
    start = time.perf_counter()
    run(steps)
    return (time.perf_counter() - start) / steps * 1e6


def compare(label, ours, peers):
    """One line of the table; `peers` are (name, run, steps) or (name, None, 0)."""
    runs = [("odelib", ours, STEPS), *((n, run, k) for n, run, k in peers if run)]
    for name, run, steps in runs:
        run(steps)  # compiles
        np.testing.assert_allclose(run(100), ours(100), rtol=1e-8, atol=1e-10, err_msg=name)
    times = {name: [] for name, _, _ in runs}
    for _ in range(REPEATS):
        for name, run, steps in runs:
            times[name].append(per_step(run, steps))
    median = {name: statistics.median(values) for name, values in times.items()}
    cells = [f"{median['odelib']:10.2f}"]
    for name, run, _ in peers:
        ratio = (
            f"{median[name]:9.1f} ({median[name] / median['odelib']:5.1f}×)" if run else "missing"
        )
        cells.append(f"{ratio:>18}")
    print(f"{label:36}" + " ".join(cells), flush=True)


def full_batch():
    print(f"Full batch, {STEPS} steps; microseconds a step")
    heads = ("PyTorch", "optax, loop", "optax, scan")
    print(f"{'':36}{'odelib':>10} " + " ".join(f"{head:>18}" for head in heads))
    for label, model, (X, y), target, torch_loss, jax_loss, alpha in problems():
        for name, (settings, make_torch, make_optax) in OPTIMISERS.items():
            peers = [("PyTorch", None, 0), ("loop", None, 0), ("scan", None, 0)]
            if torch:
                peers[0] = (
                    "PyTorch",
                    with_torch(torch_loss, make_torch, X, target, alpha),
                    PEER_STEPS,
                )
            if jax:
                loop = with_optax(jax_loss, make_optax, X, target, alpha, scan=False)
                scan = with_optax(jax_loss, make_optax, X, target, alpha, scan=True)
                peers[1:] = [("loop", loop, PEER_STEPS), ("scan", scan, STEPS)]
            compare(f"{label}, {name}", with_odelib(model, (X, y), name, alpha, settings), peers)


def network():
    """One epoch of a fully connected network on digits, batches of 32."""
    X, y = datasets.load_digits(return_X_y=True)
    X = X / 16.0
    model = models.network(hidden=(32,), activation="relu")
    epochs = 2 if QUICK else 20

    def ours():
        train(
            model, (X, y), "adam", learning_rate=1e-3, batch_size=32, epochs=epochs,
            validate_every=epochs,
        )  # fmt: skip

    def theirs():
        module = torch.nn.Sequential(
            torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
        )
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
        A, b = torch.tensor(X), torch.tensor(y)
        for _ in range(epochs):
            order = torch.randperm(len(A))
            for i in range(0, len(A), 32):
                rows = order[i : i + 32]
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(module(A[rows]), b[rows]).backward()
                optimizer.step()

    report_seconds("digits, 64-32-10, one epoch (ms)", ours, torch and theirs, 1e3 / epochs)


def report_seconds(label, ours, theirs, scale):
    runs = [ours] + ([theirs] if theirs else [])
    for run in runs:
        run()
    times = [[] for _ in runs]
    for _ in range(REPEATS):
        for run, kept in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            kept.append((time.perf_counter() - start) * scale)
    median = [statistics.median(kept) for kept in times]
    peer = f"{median[1]:9.1f} ({median[1] / median[0]:5.1f}×)" if theirs else "missing"
    print(f"{label:36}{median[0]:10.2f} {peer:>18}", flush=True)


FIRST_MODEL = {
    "odelib": """
import numpy as np
from odelib import models, train
rng = np.random.default_rng(0)
X = rng.normal(size=(500, 10))
train(models.logistic(), (X, X[:, 0] > 0), learning_rate=0.5, epochs=200, validate_every=200)
""",
    "torch": """
import torch
X = torch.randn(500, 10)
y = (X[:, 0] > 0).float()
theta = torch.zeros(10, requires_grad=True)
optimizer = torch.optim.SGD([theta], lr=0.5)
for _ in range(200):
    optimizer.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(X @ theta, y).backward()
    optimizer.step()
""",
}


def first_model():
    """A fresh process to a first trained model."""

    def run(source):
        return lambda: subprocess.run([sys.executable, "-c", source], check=True)

    theirs = run(FIRST_MODEL["torch"]) if torch else None
    report_seconds("fresh process to a model (s)", run(FIRST_MODEL["odelib"]), theirs, 1.0)


def products():
    """Hessian-vector products for the sharpness of a network of 10⁴ parameters."""
    X, y = datasets.load_digits(return_X_y=True)
    model = models.network(hidden=(120, 15))
    rows = model.check((X / 16.0, y))
    theta = model.initial(*rows[:2], np.random.default_rng(0))
    found = spectrum(lambda v: model.hvp(theta, v, *rows, *model.args), size=len(theta), tol=5e-4)
    exact = sharpness(lambda v: model.hvp(theta, v, *rows, *model.args), size=len(theta), tol=1e-10)
    error = abs(found.values[0] / exact - 1)
    print(
        f"sharpness of {len(theta)} parameters: {found.products} products, relative error "
        f"{error:.1e}"
    )


if __name__ == "__main__":
    full_batch()
    print(f"\n{'':36}{'odelib':>10} {'PyTorch':>18}")
    network()
    first_model()
    products()
