"""Right-hand sides that several tests or benchmarks solve, each defined here only."""

from odelib import rhs

LORENZ = (10.0, 28.0, 8 / 3)  # the classical σ, ρ, β


@rhs
def lorenz(t, y, sigma, rho, beta):
    return sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]


# --- Stiff problems, of Hairer and Wanner; the Jacobians are by hand ------------------------------


@rhs
def robertson(t, y):
    return (
        -0.04 * y[0] + 1e4 * y[1] * y[2],
        0.04 * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2,
        3e7 * y[1] ** 2,
    )


@rhs
def robertson_jac(t, y):
    return (
        (-0.04, 1e4 * y[2], 1e4 * y[1]),
        (0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]),
        (0.0, 6e7 * y[1], 0.0),
    )


@rhs
def van_der_pol(t, y, mu):
    return y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]


@rhs
def van_der_pol_jac(t, y, mu):
    return (0.0, 1.0), (-2 * mu * y[0] * y[1] - 1, mu * (1 - y[0] ** 2))


@rhs
def oregonator(t, y):
    return (
        77.27 * (y[1] + y[0] * (1 - 8.375e-6 * y[0] - y[1])),
        (y[2] - (1 + y[0]) * y[1]) / 77.27,
        0.161 * (y[0] - y[2]),
    )


@rhs
def oregonator_jac(t, y):
    return (
        (77.27 * (1 - 2 * 8.375e-6 * y[0] - y[1]), 77.27 * (1 - y[0]), 0.0),
        (-y[1] / 77.27, -(1 + y[0]) / 77.27, 1 / 77.27),
        (0.161, 0.0, -0.161),
    )
