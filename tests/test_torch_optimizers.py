"""The rows of OPTIMIZERS that are PyTorch's, held to PyTorch over 1000 steps in float64.

The book's environment has no PyTorch, so these tests are skipped there, with the reason; the same
rows are held to the published algorithms in test_optimizers.py everywhere.
"""

import numba
import numpy as np
import pytest

from odelib import minimize

torch = pytest.importorskip("torch", reason="PyTorch is not part of the book's environment")

START = np.array([1.5, -1.0, 0.3, 2.0])
SCALE = np.array([0.5, 1.0, 3.0, 7.0])
STEPS = 1000

SAME = {  # name in PyTorch with its arguments, and ours
    "sgd": (torch.optim.SGD, {}, "gd", {}),
    "decay": (torch.optim.SGD, {"weight_decay": 0.3}, "gd", {"weight_decay": 0.3}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, "heavy_ball", {"momentum": 0.9}),
    "dampening": (
        torch.optim.SGD,
        {"momentum": 0.8, "dampening": 0.4, "weight_decay": 0.1},
        "heavy_ball",
        {"momentum": 0.8, "dampening": 0.4, "weight_decay": 0.1},
    ),
    "nesterov": (
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
        "nesterov",
        {"momentum": 0.9},
    ),
    "nesterov, decay": (
        torch.optim.SGD,
        {"momentum": 0.7, "nesterov": True, "weight_decay": 0.2},
        "nesterov",
        {"momentum": 0.7, "weight_decay": 0.2},
    ),
    "rmsprop": (torch.optim.RMSprop, {}, "rmsprop", {}),
    "rmsprop, its own settings": (
        torch.optim.RMSprop,
        {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1},
        "rmsprop",
        {"smoothing": 0.9, "eps": 1e-3, "weight_decay": 0.1},
    ),
    "adam": (torch.optim.Adam, {}, "adam", {}),
    "adam, its own settings": (
        torch.optim.Adam,
        {"betas": (0.7, 0.99), "eps": 1e-3, "weight_decay": 0.2},
        "adam",
        {"beta1": 0.7, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.2},
    ),
    "adamw": (torch.optim.AdamW, {}, "adamw", {}),
    "adamw, its own settings": (
        torch.optim.AdamW,
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


def path_of_torch(make, arguments, rates, clip=None):
    theta = torch.tensor(START, requires_grad=True)
    optimizer = make([theta], lr=rates[0], **arguments)
    path = [START]
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        theta.grad = torch.tensor(grad(theta.detach().numpy(), SCALE))
        if clip:
            torch.nn.utils.clip_grad_norm_([theta], clip)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path).T


@pytest.mark.parametrize("case", SAME)
def test_a_thousand_steps_are_pytorchs(case):
    make, arguments, name, settings = SAME[case]
    alpha = 1e-3
    expected = path_of_torch(make, arguments, np.full(STEPS, alpha))
    result = minimize(
        grad, START, name, learning_rate=alpha, steps=STEPS, args=(SCALE,), trajectory=True,
        **settings,
    )  # fmt: skip
    np.testing.assert_allclose(result.trajectory, expected, rtol=0, atol=1e-12)
    assert abs(expected[:, -1] - START).max() > 0.5


@pytest.mark.parametrize("case", ["momentum", "nesterov", "adam", "adamw"])
def test_schedules_and_clipping_are_pytorchs(case):
    make, arguments, name, settings = SAME[case]
    rates = 2e-3 / np.sqrt(1 + np.arange(STEPS))
    expected = path_of_torch(make, arguments, rates, clip=0.5)
    result = minimize(
        grad, START, name, learning_rate=rates, steps=STEPS, args=(SCALE,), trajectory=True,
        clip=0.5, **settings,
    )  # fmt: skip
    np.testing.assert_allclose(result.trajectory, expected, rtol=0, atol=1e-12)
    unclipped = minimize(
        grad, START, name, learning_rate=rates, steps=STEPS, args=(SCALE,), **settings
    )
    assert abs(unclipped.theta - result.theta).max() > 1e-4


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
