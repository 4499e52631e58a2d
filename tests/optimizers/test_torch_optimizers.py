"""The rows of OPTIMIZERS that are PyTorch's, held to PyTorch over 1000 steps in float64.

PyTorch is not part of the book's environment, so what it computes is kept in data/torch_paths.json.
Where it is installed, the file is held to it; to write it, run this file with Python.
"""

import json
from pathlib import Path

import numba
import numpy as np
import pytest

from odelib import minimize

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(
    torch is None, reason="PyTorch is not part of the book's environment"
)

START = np.array([1.5, -1.0, 0.3, 2.0])
SCALE = np.array([0.5, 1.0, 3.0, 7.0])
STEPS = 1000
KEPT = [1, 2, 3, 5, 10, 30, 100, 300, 1000]  # the steps whose parameters are in the file
FILE = Path(__file__).parents[1] / "data" / "torch_paths.json"
RATES = {"constant": np.full(STEPS, 1e-3), "scheduled": 2e-3 / np.sqrt(1 + np.arange(STEPS))}
CLIP = 0.5

SAME = {  # name in PyTorch with its arguments, and ours
    "sgd": ("SGD", {}, "gd", {}),
    "decay": ("SGD", {"weight_decay": 0.3}, "gd", {"weight_decay": 0.3}),
    "momentum": ("SGD", {"momentum": 0.9}, "heavy_ball", {"momentum": 0.9}),
    "dampening": (
        "SGD",
        {"momentum": 0.8, "dampening": 0.4, "weight_decay": 0.1},
        "heavy_ball",
        {"momentum": 0.8, "dampening": 0.4, "weight_decay": 0.1},
    ),
    "nesterov": (
        "SGD",
        {"momentum": 0.9, "nesterov": True},
        "nesterov",
        {"momentum": 0.9},
    ),
    "nesterov, decay": (
        "SGD",
        {"momentum": 0.7, "nesterov": True, "weight_decay": 0.2},
        "nesterov",
        {"momentum": 0.7, "weight_decay": 0.2},
    ),
    "rmsprop": ("RMSprop", {}, "rmsprop", {}),
    "rmsprop, its own settings": (
        "RMSprop",
        {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        "rmsprop",
        {"smoothing": 0.9, "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adam": ("Adam", {}, "adam", {}),
    "adam, its own settings": (
        "Adam",
        {"betas": (0.7, 0.99), "eps": 1e-3, "weight_decay": 0.2},
        "adam",
        {"beta1": 0.7, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.2},
    ),
    "adamw": ("AdamW", {}, "adamw", {}),
    "adamw, its own settings": (
        "AdamW",
        {"betas": (0.7, 0.99), "eps": 1e-3, "weight_decay": 0.2},
        "adamw",
        {"beta1": 0.7, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.2},
    ),
}


@numba.njit
def grad(theta, scale):
    slope = np.empty(4)
    for i in range(4):
        slope[i] = scale[i] * theta[i] + theta[i] * theta[i] * theta[i]
    slope[0] += theta[1] / 4
    slope[1] += theta[0] / 4
    return slope


SCHEDULED = ["momentum", "nesterov", "adam", "adamw"]  # and clipped
PATHS = [(case, "constant") for case in SAME] + [(case, "scheduled") for case in SCHEDULED]
each_path = pytest.mark.parametrize(("case", "rates"), PATHS)


def path_of_torch(case, rates):
    """PyTorch's parameters after the steps KEPT, (9, 4)."""
    name, arguments, _, _ = SAME[case]
    theta = torch.tensor(START, requires_grad=True)
    optimizer = getattr(torch.optim, name)([theta], lr=1e-3, **arguments)
    path = []
    for rate in RATES[rates]:
        optimizer.param_groups[0]["lr"] = rate
        theta.grad = torch.tensor(grad(theta.detach().numpy(), SCALE))
        if rates == "scheduled":
            torch.nn.utils.clip_grad_norm_([theta], CLIP)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)[np.array(KEPT) - 1]


def kept_path(case, rates):
    return np.array(json.loads(FILE.read_text("utf-8"))["paths"][f"{case}, {rates}"])


@each_path
def test_a_thousand_steps_are_pytorchs(case, rates):
    _, _, name, settings = SAME[case]

    def run(**options):
        return minimize(
            grad, START, name, learning_rate=RATES[rates], steps=STEPS, args=(SCALE,),
            trajectory=True, **settings, **options,
        ).trajectory[:, KEPT].T  # fmt: skip

    path = run(clip=CLIP) if rates == "scheduled" else run()
    np.testing.assert_allclose(path, kept_path(case, rates), rtol=0, atol=1e-12)
    assert abs(path[-1] - START).max() > 0.05
    if rates == "scheduled":
        assert abs(run() - path).max() > 1e-4


@needs_torch
@each_path
def test_what_is_kept_is_what_pytorch_computes(case, rates):
    np.testing.assert_allclose(
        kept_path(case, rates), path_of_torch(case, rates), rtol=0, atol=1e-13
    )


@needs_torch
def test_the_flattened_gradient_of_a_module_trains_it():
    """A PyTorch module is a function of one vector: its parameters, flattened."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    module.double()
    x = torch.randn(40, 2, dtype=torch.float64)
    y = torch.sin(x[:, :1]) * x[:, 1:]
    parameters = list(module.parameters())
    start = torch.nn.utils.parameters_to_vector(parameters).detach().numpy().copy()

    def loss_of(theta):
        torch.nn.utils.vector_to_parameters(torch.tensor(theta), parameters)
        return torch.nn.functional.mse_loss(module(x), y)

    def loss(theta):
        return loss_of(theta).item()

    def gradient(theta):
        slopes = torch.autograd.grad(loss_of(theta), parameters)
        return torch.nn.utils.parameters_to_vector(slopes).numpy()

    result = minimize(gradient, start, "adam", learning_rate=0.01, steps=200, fun=loss)

    torch.nn.utils.vector_to_parameters(torch.tensor(start), parameters)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(x), y).backward()
        optimizer.step()
    expected = torch.nn.utils.parameters_to_vector(parameters).detach().numpy()
    np.testing.assert_allclose(result.theta, expected, rtol=0, atol=1e-12)
    assert result.loss[-1] < result.loss[0] / 3
    assert not result.compiled


if __name__ == "__main__":
    paths = {f"{case}, {rates}": path_of_torch(case, rates).tolist() for case, rates in PATHS}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(path)}" for name, path in paths.items())
    about = f"PyTorch {torch.__version__}: parameters after the steps {KEPT}, float64"
    FILE.write_text(f'{{"about": {json.dumps(about)}, "paths": {{\n{lines}\n}}}}\n', "utf-8")
