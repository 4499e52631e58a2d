"""What can be trained: a loss, its gradient and its Hessian-vector product, compiled.

A model is a set of functions, each of parameters θ (p,), rows X (m, d), targets y and weights
w (m,) of mean 1 over the full data; a mini-batch passes its rows of the three:

    loss(theta, X, y, w, *args) -> float            (1/m) Σᵢ wᵢ ℓᵢ(θ) + penalty
    gradient(theta, X, y, w, *args) -> (p,)
    hvp(theta, v, X, y, w, *args) -> (p,)           ∇²L(θ) v

`check` turns what a user has into the (X, y, w) that the functions take, or says what is wrong
with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from odelib.models.data import check_columns, check_data, check_rows, check_target, check_weights


@dataclass(frozen=True, eq=False)
class Model:
    """A loss with its derivatives, and what is needed to use it; made by the functions of `models`.

    The functions are compiled: call them from Python or from compiled code, or bind them.
    """

    name: str
    loss: Callable
    gradient: Callable
    hvp: Callable
    scores: Callable  # (theta, X, *args) -> (m,) or (m, k)
    args: tuple  # numbers and arrays, the same in all four
    target: str  # "values" (m,), "outputs" (m, k), "signs" ±1 (m,) or "labels" 0 … k−1 (m,)
    count: Callable  # (d, k) -> the number of parameters p
    start: Callable  # (d, k, rng) -> parameters (p,) to begin with
    penalty: float = 0.0  # factor of |θ|²/2
    intercept: bool = False  # whether `check` puts a column of ones before X
    class_weight: Any = None
    by_columns: bool = False  # whether `gradient` reads X (m, d) as well in Fortran's order

    def check(self, data, *, training=True):
        """(X, y, w) as the model's functions take them, from (X, y) or (X, y, weights).

        Parameters
        ----------
        data : (X, y) or (X, y, weights)
            X (m, d); y as `target` says; weights (m,), not negative: only their ratios matter.
        training : bool
            Whether each class must occur; a validation set may do without.

        Returns
        -------
        X (m, d) or, with an intercept, (m, 1 + d); y; w (m,), of mean 1
            Contiguous. Checking them once more would add a second column of ones.

        Raises
        ------
        TypeError, ValueError
            The data are no finite numbers of matching shape; the message says which, where, and
            what to do.
        """
        return check_rows(
            data, self.target, intercept=self.intercept, class_weight=self.class_weight,
            training=training,
        )  # fmt: skip

    def size(self, X, y):
        """Number of parameters p for data as `check` returns them."""
        return self.count(X.shape[1], _outputs(y))

    def initial(self, X, y, rng):
        """Parameters (p,) to start from; rng is a `numpy.random.Generator`, or a seed for one."""
        return self.start(X.shape[1], _outputs(y), np.random.default_rng(rng))

    def check_theta(self, theta, X, y):
        """Parameters as a contiguous array (p,) that fits checked data; it may hold NaN."""
        theta = np.ascontiguousarray(theta, dtype=float)
        p = self.size(X, y)
        if theta.shape != (p,):
            raise ValueError(
                f"theta must have shape ({p},) for {self.name} on these data, got {theta.shape}"
            )
        return theta

    def predict(self, theta, X):
        """What the model says of rows X (m, d): values, or the likeliest class.

        Parameters
        ----------
        theta : (p,) array
        X : (m, d) array
            As the user has it, without the intercept's column of ones.

        Returns
        -------
        ndarray
            (m,) or (m, k) values of a regression; classes (m,) 0 … k−1, or −1 and 1 for a support
            vector machine. A score that is exactly 0 is of the class 1.
        """
        X = check_columns(X, self.intercept)
        scores = self.scores(self._parameters(theta, X), X, *self.args)
        if self.target == "labels":
            return np.argmax(scores, axis=1)
        if self.target == "signs":
            return np.where(scores >= 0, 1, 0 if self.name == "logistic" else -1)
        return scores

    def accuracy(self, theta, data):
        """Fraction of rows, by weight, whose class a classifier predicts."""
        if self.target not in ("signs", "labels"):
            raise TypeError(f"{self.name} predicts numbers, not classes: accuracy has no meaning")
        X, y, weights = check_data(data)
        predicted = self.predict(theta, X)
        y = check_target(self.target, y, len(predicted), False)
        if self.target == "signs":
            predicted = np.where(predicted == 1, 1, -1)
        return float(np.mean(check_weights(weights, len(y)) * (predicted == y)))

    def _parameters(self, theta, X):
        """theta as a contiguous array, if its length fits X for some number of outputs."""
        theta = np.ascontiguousarray(theta, dtype=float)
        one, two = self.count(X.shape[1], 1), self.count(X.shape[1], 2)
        fits = theta.size == one or (
            two > one and theta.size >= one and not (theta.size - one) % (two - one)
        )
        if theta.ndim != 1 or not fits:
            raise ValueError(
                f"theta of shape {theta.shape} does not fit X with {X.shape[1]} columns; "
                f"{self.name} has {one} parameters"
                + f" and {two - one} more an output"
                * (two > one)
            )
        return theta


def _outputs(y):
    """Number of scores a row that targets y need."""
    if y.ndim == 2:
        return y.shape[1]
    return int(y.max()) + 1 if y.dtype == np.int64 else 1
