"""Right-hand sides that several test files solve, each defined here only."""

from odelib import rhs

LORENZ = (10.0, 28.0, 8 / 3)  # the classical σ, ρ, β


@rhs
def lorenz(t, y, sigma, rho, beta):
    return sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]
