"""The models that can be trained, each a function that returns a `Model`.

`odelib.models.ridge(penalty=0.1)` is a loss with its gradient and its Hessian-vector product,
compiled; ℓ is in losses.py, the rest in linear.py and networks.py, what a model is in model.py.
"""

import itertools
import numbers
import operator

import numpy as np

from odelib.models import linear, losses, networks
from odelib.models.data import check_class_weight
from odelib.models.model import Model

__all__ = ["least_squares", "logistic", "network", "ridge", "softmax", "svm"]


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
    return _linear("least squares", losses.SQUARED, 0.0, intercept, target="values")


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
    return _linear("ridge", losses.SQUARED, penalty, intercept, target="values")


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
    return _linear("logistic", losses.LOGISTIC, penalty, intercept, class_weight)


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
    loss, name = (losses.SQUARED_HINGE, "squared hinge") if squared else (losses.HINGE, "hinge")
    return _linear(name, loss, penalty, intercept, class_weight)


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
        "softmax", *linear.of_matrix(losses.SOFTMAX), (_penalty(penalty), int(intercept)), "labels",
        count=_matrix_size, start=_matrix_of_zeros, penalty=penalty,
        intercept=bool(intercept), class_weight=check_class_weight(class_weight), by_columns=True,
    )  # fmt: skip


def network(*, hidden, activation="tanh", loss="softmax", penalty=0.0, class_weight=None):
    """A fully connected network: layers σ(AW + b), the last without σ.

    Parameters
    ----------
    hidden : sequence of int
        Widths of the hidden layers, for instance ``(32,)``; ``()`` leaves a linear model.
    activation : {"tanh", "relu"}
        σ of the hidden layers; the derivative of ReLU at 0 is taken as 0.
    loss : {"softmax", "squared"}
        ``"softmax"``: cross-entropy of labels y = 0, 1, …, k−1. ``"squared"``: ½|s − y|² for y of
        shape (m, k), or (m,) for one output, which `check` makes (m, 1).
    penalty : float
        (penalty/2) times the sum of the squares of the weights W; biases are free.
    class_weight
        As in `logistic`; of labels only.

    Returns
    -------
    Model
        θ (p,) holds W (n_in, n_out), row by row, and b (n_out,) of each layer in turn. `initial`
        draws W with variance 2/(n_in + n_out) for tanh (Glorot and Bengio 2010) and 2/n_in for
        ReLU (He et al. 2015), 1/n_in in the last layer; biases are 0.

    References
    ----------
    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010. He et al., "Delving deep into rectifiers", ICCV 2015,
    doi:10.1109/ICCV.2015.123.

    Examples
    --------
    >>> model = network(hidden=(3,))
    >>> X, y, w = model.check(([[0.0, 1.0], [1.0, 0.0]], [0, 1]))
    >>> model.size(X, y)  # (2 + 1) · 3 + (3 + 1) · 2
    17
    """
    if isinstance(hidden, numbers.Integral):
        raise TypeError(f"hidden must be a sequence of widths, got {hidden}; write ({hidden},)")
    widths = np.array([operator.index(width) for width in hidden], dtype=np.int64)
    if widths.size and widths.min() < 1:
        raise ValueError(f"hidden widths must be at least 1, got {tuple(widths.tolist())}")
    if activation not in _ACTIVATIONS:
        raise ValueError(f"activation must be 'tanh' or 'relu', got {activation!r}")
    if loss not in ("softmax", "squared"):
        raise ValueError(f"loss must be 'softmax' or 'squared', got {loss!r}")
    if loss == "squared" and class_weight is not None:
        raise ValueError("class_weight has no meaning for loss='squared': there are no classes")

    def shapes(d, k):
        return itertools.pairwise([d, *widths.tolist(), k])

    def count(d, k):
        return sum((n_in + 1) * n_out for n_in, n_out in shapes(d, k))

    def start(d, k, rng):
        pieces = []
        for layer, (n_in, n_out) in enumerate(shapes(d, k)):
            if layer == len(widths):
                variance = 1 / n_in
            else:
                variance = 2 / (n_in + n_out) if activation == "tanh" else 2 / n_in
            pieces += [rng.normal(0.0, np.sqrt(variance), n_in * n_out), np.zeros(n_out)]
        return np.concatenate(pieces)

    return Model(
        f"network {tuple(widths.tolist())}",
        *networks.of_layers(losses.SOFTMAX if loss == "softmax" else losses.SQUARED_OUTPUTS),
        (widths, _ACTIVATIONS[activation], _penalty(penalty)),
        "labels" if loss == "softmax" else "outputs", count=count, start=start, penalty=penalty,
        class_weight=check_class_weight(class_weight),
    )  # fmt: skip


_ACTIVATIONS = {"tanh": networks.TANH, "relu": networks.RELU}


def _linear(name, loss, penalty, intercept, class_weight=None, target="signs"):
    """A model with one score xᵀθ a row."""
    return Model(
        name, *linear.of_vector(loss), (_penalty(penalty), int(intercept)), target,
        count=_vector_size, start=_vector_of_zeros, penalty=penalty,
        intercept=bool(intercept), class_weight=check_class_weight(class_weight), by_columns=True,
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


def _penalty(penalty):
    penalty = float(penalty)
    if not 0.0 <= penalty < np.inf:
        raise ValueError(f"penalty must be a number and not negative, got {penalty}")
    return penalty
