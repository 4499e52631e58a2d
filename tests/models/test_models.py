"""Losses and their derivatives: finite differences, theorems, scikit-learn as second opinion."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC

from odelib import models
from odelib.fields.rhs import bind
from odelib.models.losses import exp

# Every model, with what makes its targets from a generator and m rows.


def values(rng, m):
    return rng.normal(size=m)


def two(rng, m):
    return np.append([0, 1], rng.integers(0, 2, m - 2))


def three(rng, m):
    return np.append([0, 1, 2], rng.integers(0, 3, m - 3))


def pairs(rng, m):
    return rng.normal(size=(m, 2))


MODELS = {
    "least squares": (models.least_squares(), values),
    "least squares, intercept": (models.least_squares(intercept=True), values),
    "ridge": (models.ridge(0.3), values),
    "ridge, intercept": (models.ridge(0.3, intercept=True), values),
    "logistic": (models.logistic(), two),
    "logistic, all options": (
        models.logistic(penalty=0.2, intercept=True, class_weight="balanced"),
        two,
    ),
    "hinge": (models.svm(penalty=0.1), two),
    "squared hinge": (models.svm(penalty=0.1, squared=True, intercept=True), two),
    "softmax": (models.softmax(), three),
    "softmax, all options": (
        models.softmax(penalty=0.2, intercept=True, class_weight={1: 3.0}),
        three,
    ),
    "network, no hidden layer": (models.network(hidden=(), penalty=0.1), three),
    "network, tanh": (models.network(hidden=(5,)), three),
    "network, three tanh": (models.network(hidden=(5, 4, 3), penalty=0.1), three),
    "network, relu": (models.network(hidden=(6, 5), activation="relu", penalty=0.1), three),
    "network, squared": (models.network(hidden=(4, 3), loss="squared"), pairs),
    "network, squared, relu": (
        models.network(hidden=(4,), loss="squared", activation="relu"),
        values,
    ),
}  # fmt: skip

each_model = pytest.mark.parametrize("name", MODELS)
each_smooth_model = pytest.mark.parametrize("name", [name for name in MODELS if name != "hinge"])


def problem(name, seed, *, weighted=True):
    """model, (X, y, w) of random shape, and parameters at which no kink is within 1e-6."""
    rng = np.random.default_rng([seed, len(name)])
    model, targets = MODELS[name]
    m, d = rng.integers(7, 30), rng.integers(1, 6)
    X = rng.normal(size=(m, d))
    data = (X, targets(rng, m), rng.random(m) + 0.1) if weighted else (X, targets(rng, m))
    data = model.check(data)
    theta = model.initial(*data[:2], rng) + 0.5 * rng.normal(size=model.size(*data[:2]))
    return model, data, theta, rng


# --- Derivatives -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@each_model
def test_gradient_is_the_derivative_of_the_loss(name, seed):
    model, data, theta, _ = problem(name, seed)
    gradient = model.gradient(theta, *data, *model.args)
    assert gradient.shape == theta.shape == (model.size(*data[:2]),)
    for j in range(len(theta)):
        e = np.zeros(len(theta))
        e[j] = 1e-6
        ends = [model.loss(theta + s * e, *data, *model.args) for s in (1, -1)]
        assert_allclose(gradient[j], (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
@each_model
def test_hvp_is_the_derivative_of_the_gradient(name, seed):
    model, data, theta, rng = problem(name, seed)
    v = rng.normal(size=len(theta))
    ends = [model.gradient(theta + s * 1e-6 * v, *data, *model.args) for s in (1, -1)]
    product = model.hvp(theta, v, *data, *model.args)
    assert_allclose(product, (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)


@each_model
def test_hessian_is_symmetric(name):
    model, data, theta, rng = problem(name, 5)
    u, v = rng.normal(size=(2, len(theta)))
    one = u @ model.hvp(theta, v, *data, *model.args)
    assert_allclose(one, v @ model.hvp(theta, u, *data, *model.args), rtol=1e-10, atol=1e-14)


def test_hinge_takes_the_subgradient_0_at_its_kink():
    model = models.svm(penalty=0.0)
    data = model.check(([[1.0], [-1.0]], [1, 0]))
    assert_array_equal(model.gradient(np.array([1.0]), *data, *model.args), [0.0])
    assert_array_equal(model.gradient(np.array([1 - 1e-12]), *data, *model.args), [-1.0])


@each_model
def test_a_parameter_that_is_no_number_shows_in_loss_and_gradient(name):
    model, data, theta, _ = problem(name, 1)
    bad = np.full_like(theta, np.nan)
    assert np.isnan(model.loss(bad, *data, *model.args))
    assert np.isnan(model.gradient(bad, *data, *model.args)).any()


def test_exponential_is_right_to_one_unit_in_the_last_place():
    rng = np.random.default_rng(3)
    ends = np.log(2) * (np.arange(1000) + 0.5) % 708  # where r changes its sign
    x = -np.concatenate([[0.0, 5e-324, 708.0], ends, 708 * rng.random(500), rng.random(400)])
    with localcontext(prec=40):
        for value in x.tolist():
            exact = Decimal(value).exp()
            unit = Decimal(float(np.spacing(float(exact))))
            assert abs(Decimal(float(exp(value))) - exact) <= unit, value


def test_exponential_ends_in_zero_and_keeps_what_is_no_number():
    assert exp(-708.0) > 3e-308
    assert_array_equal([exp(x) for x in (np.nextafter(-708, -709), -1e9, -np.inf)], 0.0)
    assert np.isnan(exp(np.nan)) and np.isnan(exp(-np.nan))


@pytest.mark.parametrize("size", [1e3, 1e8])
def test_loss_of_certain_and_wrong_answers_does_not_overflow(size):
    X, y = [[size], [-size]], [1, 0]
    logistic, softmax = models.logistic(), models.softmax()
    data, labels = logistic.check((X, y)), softmax.check((X, y))
    for sign, loss in [(1.0, 0.0), (-1.0, size)]:
        one = logistic.loss(np.array([sign]), *data, *logistic.args)
        two = softmax.loss(np.array([0.0, sign]), *labels, *softmax.args)
        assert_allclose([one, two], loss, rtol=1e-15, atol=1e-300)
        gradient = logistic.gradient(np.array([sign]), *data, *logistic.args)
        assert_allclose(gradient, [0.0 if sign > 0 else -size], rtol=1e-15, atol=1e-300)


# --- Theorems --------------------------------------------------------------------------


@each_model
def test_weights_are_repeated_rows(name):
    model, targets = MODELS[name]
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(9, 2)), targets(rng, 9)
    times = np.array([1, 3, 2, 1, 1, 4, 1, 2, 1])
    weighted = model.check((X, y, times))
    repeated = model.check((np.repeat(X, times, axis=0), np.repeat(y, times, axis=0)))
    theta = rng.normal(size=model.size(*weighted[:2]))
    v = rng.normal(size=len(theta))
    for function, before in [(model.loss, ()), (model.gradient, ()), (model.hvp, (v,))]:
        one = function(theta, *before, *weighted, *model.args)
        other = function(theta, *before, *repeated, *model.args)
        assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@each_model
def test_mini_batches_average_to_the_full_gradient(name):
    model, (X, y, w), theta, _ = problem(name, 2)
    m = len(X)
    full = model.gradient(theta, X, y, w, *model.args)
    rows = [
        model.gradient(theta, X[i : i + 1], y[i : i + 1], w[i : i + 1], *model.args)
        for i in range(m)
    ]
    assert_allclose(np.mean(rows, axis=0), full, rtol=1e-11, atol=1e-13)


def test_least_squares_has_the_hessian_of_the_normal_equations():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    model = models.least_squares()
    data = model.check((X, y))
    hessian = [model.hvp(np.zeros(4), e, *data, *model.args) for e in np.eye(4)]
    assert_allclose(hessian, X.T @ X / 20, rtol=1e-12, atol=1e-15)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    assert_allclose(model.gradient(best, *data, *model.args), 0, rtol=0, atol=1e-14)


def test_softmax_of_two_classes_is_logistic_regression():
    rng = np.random.default_rng(0)
    X, y, theta = rng.normal(size=(20, 3)), two(rng, 20), rng.normal(size=3)
    softmax, logistic = models.softmax(), models.logistic()
    both = np.column_stack([np.zeros(3), theta]).ravel()
    one = softmax.loss(both, *softmax.check((X, y)), *softmax.args)
    assert_allclose(one, logistic.loss(theta, *logistic.check((X, y)), *logistic.args), rtol=1e-13)
    assert_array_equal(softmax.predict(both, X), logistic.predict(theta, X))


def test_a_network_without_hidden_layers_is_softmax_regression():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), three(rng, 20)
    network, softmax = models.network(hidden=()), models.softmax(intercept=True)
    data = network.check((X, y))
    theta = rng.normal(size=network.size(*data[:2]))
    bias_first = np.roll(theta, 3)
    expected = softmax.loss(bias_first, *softmax.check((X, y)), *softmax.args)
    assert_allclose(network.loss(theta, *data, *network.args), expected, rtol=1e-13)


def test_relu_network_is_positively_homogeneous_and_tanh_is_not():
    """f(c²·data) by scaling both layers of a bias-free network by c."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5, 3))
    for activation, same in [("relu", True), ("tanh", False)]:
        model = models.network(hidden=(4,), activation=activation, loss="squared")
        theta = rng.normal(size=model.count(3, 1))
        theta[12:16] = theta[20] = 0.0
        one, other = model.predict(theta, X), model.predict(1.5 * theta, X)
        assert np.allclose(other, 1.5**2 * one, rtol=1e-12, atol=1e-15) == same


def test_initial_weights_of_a_network_keep_the_variance_of_the_papers():
    for activation, variance in [("tanh", 2 / (400 + 300)), ("relu", 2 / 400)]:
        model = models.network(hidden=(300,), activation=activation)
        X, y, _ = model.check((np.zeros((2, 400)), [0, 1]))
        theta = model.initial(X, y, np.random.default_rng(0))
        assert_allclose(theta[: 400 * 300].var(), variance, rtol=0.02)
        assert_array_equal(theta[400 * 300 : 401 * 300], 0)
        assert_array_equal(theta, model.initial(X, y, 0))  # a seed will do
    assert_array_equal(models.softmax().initial(X, y, 0), np.zeros(800))


@pytest.mark.parametrize(
    "name", ["ridge", "logistic", "softmax", "network, relu", "network, squared"]
)
def test_gradient_can_be_bound_as_a_c_function(name):
    import numba

    model, data, theta, _ = problem(name, 4)
    gradient = model.gradient

    def flow(t, theta, *args):
        return -gradient(theta, *args)

    bound = bind(numba.njit(flow), len(theta), (*data, *model.args))
    assert bound.address and (bound.compiled or numba.config.DISABLE_JIT)


# --- scikit-learn ----------------------------------------------------------------------


def newton(model, data, steps=60):
    """A minimiser of a small convex model by damped Newton steps, from zero."""
    theta = model.initial(*data[:2], 0)
    for _ in range(steps):
        g = model.gradient(theta, *data, *model.args)
        hessian = np.array([model.hvp(theta, e, *data, *model.args) for e in np.eye(len(theta))])
        step = np.linalg.lstsq(hessian, g, rcond=1e-12)[0]
        size = 1.0
        while size > 1e-12 and model.loss(theta - size * step, *data, *model.args) > model.loss(
            theta, *data, *model.args
        ):
            size /= 2
        theta = theta - size * step
    return theta


def drawn(seed=0, m=60, d=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, d))
    score = X @ rng.normal(size=d) + 0.7 + rng.normal(size=m)
    return X, score, rng.random(m) + 0.2


def test_least_squares_agrees_with_scikit_learn():
    X, y, w = drawn()
    model = models.least_squares(intercept=True)
    theta = newton(model, model.check((X, y, w)), 2)
    second = LinearRegression().fit(X, y, w)
    assert_allclose(theta, [second.intercept_, *second.coef_], rtol=1e-10)
    assert_allclose(model.predict(theta, X), second.predict(X), rtol=1e-10)


def test_ridge_agrees_with_scikit_learn():
    X, y, _ = drawn()
    model = models.ridge(0.3, intercept=True)
    theta = newton(model, model.check((X, y)), 2)
    second = Ridge(alpha=60 * 0.3).fit(X, y)
    assert_allclose(theta, [second.intercept_, *second.coef_], rtol=1e-10)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 1.0}])
def test_logistic_agrees_with_scikit_learn(class_weight):
    X, score, w = drawn()
    y = (score > 0.5).astype(int)
    model = models.logistic(penalty=0.1, intercept=True, class_weight=class_weight)
    data = model.check((X, y, w))
    theta = newton(model, data)
    given = np.array([1.0, 1.0] if class_weight is None else [3.0, 1.0])
    if class_weight == "balanced":
        given = 1 / np.bincount(y, weights=w)
    weights = w * given[y]
    weights /= weights.mean()  # scikit-learn leaves the scale, which acts against the penalty
    assert_allclose(data[2], weights, rtol=1e-13)
    second = LogisticRegression(C=1 / (0.1 * 60), tol=1e-12, max_iter=10_000)
    second.fit(X, y, weights)
    assert_allclose(theta, [*second.intercept_, *second.coef_[0]], rtol=1e-5, atol=1e-7)
    assert_array_equal(model.predict(theta, X), second.predict(X))
    assert_allclose(model.accuracy(theta, (X, y, w)), second.score(X, y, w), rtol=1e-13)


def test_softmax_agrees_with_scikit_learn():
    X, score, _ = drawn()
    y = np.digitize(score, [-0.5, 1.0])
    model = models.softmax(penalty=0.1, intercept=True)
    theta = newton(model, model.check((X, y))).reshape(5, 3)
    second = LogisticRegression(C=1 / (0.1 * 60), tol=1e-12, max_iter=10_000).fit(X, y)
    assert_allclose(theta[1:], second.coef_.T, rtol=1e-5, atol=1e-6)
    intercepts = second.intercept_ - second.intercept_.mean()  # a common constant is free
    assert_allclose(theta[0] - theta[0].mean(), intercepts, rtol=1e-5, atol=1e-6)


def test_squared_hinge_agrees_with_scikit_learn():
    X, score, _ = drawn()
    y = (score > 0.5).astype(int)
    model = models.svm(penalty=0.1, squared=True)
    theta = newton(model, model.check((X, y)))
    second = LinearSVC(
        C=1 / (0.1 * 60), fit_intercept=False, tol=1e-12, max_iter=10_000, dual=False
    )
    second.fit(X, y)
    assert_allclose(theta, second.coef_[0], rtol=1e-6)
    assert_array_equal(model.predict(theta, X), np.where(second.predict(X) == 1, 1, -1))


def test_hinge_is_minimal_where_scikit_learn_says():
    X, score, _ = drawn()
    y = (score > 0.5).astype(int)
    model = models.svm(penalty=0.1)
    data = model.check((X, y))
    second = LinearSVC(
        C=1 / (0.1 * 60), loss="hinge", fit_intercept=False, tol=1e-10, max_iter=1_000_000
    ).fit(X, y)
    best = second.coef_[0]
    lowest = model.loss(best, *data, *model.args)
    for direction in np.random.default_rng(1).normal(size=(50, 4)):
        assert model.loss(best + 1e-3 * direction, *data, *model.args) > lowest
    gap = 1e-4 * np.ones(4)
    assert model.loss(best + gap, *data, *model.args) - lowest < 1e-3


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_network_scores_are_those_of_scikit_learn(activation):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    second = MLPRegressor(hidden_layer_sizes=(5, 4), activation=activation, max_iter=2, alpha=0.0)
    with pytest.warns(match="Maximum iterations"):
        second.fit(X, y)
    model = models.network(hidden=(5, 4), activation=activation, loss="squared")
    theta = np.concatenate(
        [np.append(W.ravel(), b) for W, b in zip(second.coefs_, second.intercepts_, strict=True)]
    )
    assert_allclose(model.predict(theta, X), second.predict(X), rtol=1e-12, atol=1e-14)
    labels = np.arange(30) % 3
    with pytest.warns(match="Maximum iterations"):
        classifier = MLPClassifier(
            hidden_layer_sizes=(5, 4), activation=activation, max_iter=2
        ).fit(X, labels)
    weights = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    theta = np.concatenate([np.append(W.ravel(), b) for W, b in weights])
    model = models.network(hidden=(5, 4), activation=activation)
    assert_array_equal(model.predict(theta, X), classifier.predict(X))
    loss = model.loss(theta, *model.check((X, labels)), *model.args)
    likely = classifier.predict_proba(X)[np.arange(30), labels]
    assert_allclose(loss, -np.log(likely).mean(), rtol=1e-12)


# --- Border ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: models.ridge(-0.1), ValueError, "penalty must be a number and not negative, got"),
        (lambda: models.ridge(np.nan), ValueError, "penalty .* got nan"),
        (lambda: models.logistic(class_weight=[1, 2]), TypeError, "dict or 'balanced'"),
        (lambda: models.logistic(class_weight={0: -1.0}), ValueError, r"class_weight\[0\]"),
        (lambda: models.network(hidden=32), TypeError, r"write \(32,\)"),
        (lambda: models.network(hidden=(3, 0)), ValueError, r"at least 1, got \(3, 0\)"),
        (lambda: models.network(hidden=(3,), activation="elu"), ValueError, "activation .* 'elu'"),
        (lambda: models.network(hidden=(3,), loss="mse"), ValueError, "loss must be .* 'mse'"),
        (
            lambda: models.network(hidden=(3,), loss="squared", class_weight="balanced"),
            ValueError,
            "no classes",
        ),
    ],
)
def test_bad_options_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_class_weight_of_a_label_that_does_not_occur_is_an_error():
    with pytest.raises(ValueError, match=r"names \[3\], but the labels are \[0, 1\]"):
        models.softmax(class_weight={3: 1.0}).check(([[1.0], [2.0]], [0, 1]))
    w = models.softmax(class_weight={2: 4.0}).check(([[1.0]], [0]), training=False)[2]
    assert_array_equal(w, [1.0])  # validation rows may miss a class


def test_class_weights_go_by_the_labels_that_were_given():
    X, y = [[1.0], [2.0], [3.0], [4.0]], np.array([0, 0, 0, 1])
    by_zero = models.logistic(class_weight={0: 1, 1: 5}).check((X, y))[2]
    by_minus = models.logistic(class_weight={-1: 1, 1: 5}).check((X, 2 * y - 1))[2]
    assert_allclose(by_zero, [0.5, 0.5, 0.5, 2.5], rtol=1e-14)
    assert_array_equal(by_zero, by_minus)


def test_prediction_refuses_parameters_that_do_not_fit():
    with pytest.raises(ValueError, match="theta of shape .* does not fit X with 2 columns"):
        models.least_squares().predict(np.zeros(3), np.ones((4, 2)))
    with pytest.raises(ValueError, match="13 parameters and 5 more an output"):
        models.network(hidden=(4,)).predict(np.zeros(15), np.ones((4, 1)))
    with pytest.raises(TypeError, match="accuracy has no meaning"):
        models.least_squares().accuracy(np.zeros(1), ([[1.0]], [1.0]))
