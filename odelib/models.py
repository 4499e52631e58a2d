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

from odelib import data as given
from odelib import linear

_TARGETS = {  # what y is -> its check
    "values": lambda y, rows, training: given.check_values(y, rows),
    "outputs": lambda y, rows, training: given.check_outputs(y, rows),
    "signs": lambda y, rows, training: given.check_signs(y, rows, training=training),
    "labels": lambda y, rows, training: given.check_labels(y, rows, training=training),
}


@dataclass(frozen=True, eq=False)
class Model:
    """A loss with its derivatives, and what is needed to use it; made by the functions below.

    The functions are compiled by numba: call them from compiled code, or bind them.
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
    intercept: bool = False  # whether `check` puts a column of ones before X
    class_weight: Any = None

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
        X, y, weights = given.check_data(data)
        X = self._columns(X)
        y = _TARGETS[self.target](y, len(X), training)
        w = given.check_weights(weights, len(X))
        if self.class_weight is not None:
            w = given.weigh_classes(self.class_weight, y, w)
        return X, y, w

    def size(self, X, y):
        """Number of parameters p for data as `check` returns them."""
        return self.count(X.shape[1], _outputs(y))

    def initial(self, X, y, rng):
        """Parameters (p,) to start from; rng is a `numpy.random.Generator`, or a seed for one."""
        return self.start(X.shape[1], _outputs(y), np.random.default_rng(rng))

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
        X = self._columns(X)
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
        X, y, weights = given.check_data(data)
        predicted = self.predict(theta, X)
        y = _TARGETS[self.target](y, len(predicted), False)
        if self.target == "signs":
            predicted = np.where(predicted == 1, 1, -1)
        return float(np.mean(given.check_weights(weights, len(y)) * (predicted == y)))

    def _columns(self, X):
        X = given.check_features(X)
        return np.column_stack([np.ones(len(X)), X]) if self.intercept else X

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


def least_squares(*, intercept=False):
    """Linear regression: (1/2m) Σ wᵢ (xᵢᵀθ − yᵢ)².

    Parameters
    ----------
    intercept : bool
        Put a column of ones before X, so that θ₀ is the value at x = 0. Without it X is used as
        it is; it may have such a column already.

    Returns
    -------
    Model

    Examples
    --------
    The gradient at 0 of the line through (0, 1) and (2, 5) is −(mean y, mean xy):

    >>> model = least_squares(intercept=True)
    >>> X, y, w = model.check(([[0.0], [2.0]], [1.0, 5.0]))
    >>> model.gradient(np.zeros(2), X, y, w, *model.args)
    array([-3., -5.])
    """
    return _linear("least squares", linear.SQUARED, 0.0, intercept, target="values")


def ridge(penalty, *, intercept=False):
    """Ridge regression: (1/2m) Σ wᵢ (xᵢᵀθ − yᵢ)² + (penalty/2)|θ|².

    Parameters
    ----------
    penalty : float
        Not negative. Scikit-learn's `Ridge(alpha)` has alpha = m · penalty.
    intercept : bool
        As in `least_squares`; the intercept is not penalised.

    Returns
    -------
    Model
    """
    return _linear("ridge", linear.SQUARED, penalty, intercept, target="values")


def logistic(*, penalty=0.0, intercept=False, class_weight=None):
    """Logistic regression of two classes: (1/m) Σ wᵢ log(1 + e^(−yᵢ xᵢᵀθ)) + (penalty/2)|θ|².

    Parameters
    ----------
    penalty : float
        Not negative. Scikit-learn's `LogisticRegression(C)` has 1/C = m · penalty.
    intercept : bool
        As in `least_squares`; the intercept is not penalised.
    class_weight : dict or "balanced", optional
        Weight of the rows of each label, 1 for labels that are not named; "balanced" weighs each
        class alike. It multiplies the weights of the data; all are then scaled to mean 1.

    Returns
    -------
    Model
        Takes y of 0 and 1, or −1 and 1; keeps −1 and 1; predicts 0 and 1.

    Examples
    --------
    At θ = 0 both classes are as likely, and the loss is log 2:

    >>> model = logistic()
    >>> X, y, w = model.check(([[1.0], [2.0]], [0, 1]))
    >>> print(round(model.loss(np.zeros(1), X, y, w, *model.args), 6))
    0.693147
    """
    return _linear("logistic", linear.LOGISTIC, penalty, intercept, class_weight)


def svm(*, penalty, squared=False, intercept=False, class_weight=None):
    """Linear support vector machine: (1/m) Σ wᵢ max(0, 1 − yᵢ xᵢᵀθ) + (penalty/2)|θ|².

    Parameters
    ----------
    penalty : float
        Not negative. Scikit-learn's `LinearSVC(C)` has 1/C = m · penalty.
    squared : bool
        Take the square of each max(…), which has a derivative everywhere. The hinge has none at
        yᵢxᵢᵀθ = 1; there its `gradient` is a subgradient, that of 0, and its Hessian is 0.
    intercept, class_weight
        As in `logistic`.

    Returns
    -------
    Model
        Takes y of 0 and 1, or −1 and 1; keeps and predicts −1 and 1.
    """
    kind, name = (linear.SQUARED_HINGE, "squared hinge") if squared else (linear.HINGE, "hinge")
    return _linear(name, kind, penalty, intercept, class_weight)


def softmax(*, penalty=0.0, intercept=False, class_weight=None):
    """Softmax regression of k classes: (1/m) Σ wᵢ (log Σ_c e^(s_ic) − s_iyᵢ) + (penalty/2)|Θ|².

    The scores are s_i = xᵢᵀΘ, and θ holds Θ (d, k) row by row.

    Parameters
    ----------
    penalty, intercept, class_weight
        As in `logistic`. Without a penalty a constant added to each row of Θ changes nothing.

    Returns
    -------
    Model
        Takes labels y = 0, 1, …, k−1.
    """
    return Model(
        "softmax", linear.softmax_loss, linear.softmax_gradient, linear.softmax_hvp,
        linear.softmax_scores, (_penalty(penalty), int(intercept)), "labels",
        count=_matrix_size, start=_matrix_of_zeros,
        intercept=bool(intercept), class_weight=given.check_class_weight(class_weight),
    )  # fmt: skip


def _linear(name, kind, penalty, intercept, class_weight=None, target="signs"):
    """A model with one score xᵀθ a row."""
    return Model(
        name, linear.loss, linear.gradient, linear.hvp, linear.scores,
        (kind, _penalty(penalty), int(intercept)), target,
        count=_vector_size, start=_vector_of_zeros,
        intercept=bool(intercept), class_weight=given.check_class_weight(class_weight),
    )  # fmt: skip


# These losses are convex: zero is as good a start as any, and the same for everyone.


def _vector_size(d, k):
    return d


def _vector_of_zeros(d, k, rng):
    return np.zeros(d)


def _matrix_size(d, k):
    return d * k


def _matrix_of_zeros(d, k, rng):
    return np.zeros(d * k)


def _outputs(y):
    """Number of scores a row that targets y need."""
    if y.ndim == 2:
        return y.shape[1]
    return int(y.max()) + 1 if y.dtype == np.int64 else 1


def _penalty(penalty):
    penalty = float(penalty)
    if not 0.0 <= penalty < np.inf:
        raise ValueError(f"penalty must be a number and not negative, got {penalty}")
    return penalty
