"""Draw the picture of the README: python tools/picture.py (or `make picture`).

Gradient descent on the book's hundred points, just inside the border of stability.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np

import odelib
from hundred_points import valley
from odelib import plotting

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "pair.png"
LEARNING_RATE = 0.895
STEPS = 60


def draw():
    """The pair as a figure: descent and flow from 0 on the loss of the hundred points."""
    hessian, optimum = valley()
    flow = odelib.gradient_flow(lambda theta: hessian @ (theta - optimum))
    time = STEPS * LEARNING_RATE
    descent = odelib.solve_ivp(flow, (0, time), [0, 0], "Euler", step=LEARNING_RATE)
    exact = odelib.solve_ivp(flow, (0, time), [0, 0], t_eval=np.linspace(0, time, 400), rtol=1e-6)
    plotting.use_book_style()
    return plotting.pair(hessian, optimum, descent.y, LEARNING_RATE, flow=exact.y)[0]


if __name__ == "__main__":
    draw().savefig(TARGET, dpi=130, metadata={"Software": None})
    print(f"{TARGET.name}: {TARGET.stat().st_size // 1000} kB")
