"""The quantitative facts on classification, computed with odelib.

Expected values and tolerances are read from data/facts_classification.json. A fact LOG-01 is tested
by the function whose name starts with test_log_01_.
"""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from facts import FACTS, expect
from odelib import diagnose, gradient_flow, minimize, models, sharpness, solve_ivp
from odelib.diagnosis.separable import is_separable


def hessian(model, data):
    """∇²L(θ) as a function of θ, from products with the columns of the identity."""

    def matrix(theta, *args):
        return np.array([model.hvp(theta, e, *data, *model.args) for e in np.eye(len(theta))])

    return matrix


def newton(model, data, theta, steps=30):
    """The minimiser of a convex model, by Newton's method."""
    run = minimize(
        lambda t: model.gradient(t, *data, *model.args), theta, "newton",
        learning_rate=1.0, steps=steps, hessian=hessian(model, data),
        stop={"gradient_norm": 1e-17},
    )  # fmt: skip
    assert run.success and run.gradient_norm[-1] < 1e-12, run.message
    return run.theta


# --- Logistic regression --------------------------------------------------------------------------


def test_log_01_the_sharpness_at_zero_is_a_quarter_of_the_features():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * [1, 2, 3, 4]
    model, data = models.logistic(), (X, np.arange(60) % 2)
    features = np.linalg.eigvalsh(X.T @ X / 60)[-1]
    expect("LOG-01", sharpness(model, data, np.zeros(4), tol=1e-13) / features, least=1e-13)
    for _ in range(10):
        assert sharpness(model, data, rng.normal(size=4)) < features / 4


def test_log_01_gradient_descent_is_stable_below_eight_over_it_and_not_above():
    """Each row occurs with both labels, so that the minimiser is 0."""
    X = np.random.default_rng(0).normal(size=(30, 3))
    model = models.logistic()
    data = model.check((np.vstack([X, X]), np.repeat([0, 1], 30)))
    border = 8 / np.linalg.eigvalsh(X.T @ X / 30)[-1]
    ends = [
        np.linalg.norm(
            minimize(
                model.gradient, 1e-3 * np.ones(3), learning_rate=factor * border, steps=3000,
                args=(*data, *model.args),
            ).theta
        )
        for factor in (0.99, 1.01)
    ]  # fmt: skip
    assert ends[0] < 1e-12 and ends[1] > 0.1


# --- Separable data -------------------------------------------------------------------------------

POINTS = np.array([[2.0, 1.0], [1.0, 3.0], [0.5, 2.0], [3.0, 2.0]])  # all of the class +1


def exponential(s, w):
    """dw/ds of the flow of Σ exp(−x·w) in the time s = log t."""
    return np.exp(s - POINTS @ w) @ POINTS


def logistic(s, w):
    """The same for the mean logistic loss, with the model's gradient."""
    ones = np.ones(4)
    return -np.exp(s) * models.logistic().gradient(w, POINTS, ones, ones, *models.logistic().args)


@pytest.mark.parametrize("flow", [exponential, logistic])
def test_sep_03_and_sep_05_norm_grows_by_one_over_the_margin_and_loss_falls_as_one_over_t(flow):
    sol = solve_ivp(flow, (0, 60), [0, 0], rtol=1e-9, atol=1e-11, t_eval=[0, 58, 60])
    assert sol.success
    norms = np.linalg.norm(sol.y, axis=0)
    expect("SEP-03", (norms[2] - norms[1]) / 2)
    loss = [np.sum(np.log1p(np.exp(-POINTS @ w))) for w in sol.y.T]
    expect("SEP-05", (np.log(loss[2]) - np.log(loss[1])) / 2)
    direction = (sol.y[:, 2] - sol.y[:, 1]) / 2  # of the support vector machine
    np.testing.assert_allclose(direction, [2 / 7, 3 / 7], rtol=0, atol=1e-4)
    assert norms[2] / 60 > 1.005 * FACTS["SEP-03"]["expected"]  # the quotient itself is far behind


def iris_pair(first, second):
    X, y = load_iris(return_X_y=True)
    chosen = (y == first) | (y == second)
    return X[chosen], (y[chosen] == first).astype(int)


def test_svm_01_margin_of_setosa_and_versicolor():
    """The squared hinge's minimisers for penalties λ and λ/2, extrapolated to 0."""
    ends = []
    for penalty in (1e-6, 5e-7):
        theta = np.zeros(5)
        for level in (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, penalty):
            model = models.svm(penalty=level, squared=True, intercept=True)
            data = model.check(iris_pair(0, 1))
            theta = newton(model, data, theta)
        ends.append(theta)
    theta = 2 * ends[1] - ends[0]
    expect("SVM-01", 1 / np.linalg.norm(theta[1:]))
    X, y, _ = data
    assert (y * (X @ theta)).min() > 1 - 1e-8  # every row is beyond its margin


def test_dat_05_setosa_is_separable_from_the_rest_and_versicolor_from_virginica_is_not():
    X, y = load_iris(return_X_y=True)
    model = models.logistic(intercept=True)
    found = [
        is_separable(model, model.check(data), np.zeros(5))
        for data in [(X, (y == 0).astype(int)), iris_pair(1, 2)]
    ]
    assert found == FACTS["DAT-05"]["expected"]
    softmax = models.softmax(intercept=True)  # all three at once; and when one is left out
    assert not is_separable(softmax, softmax.check((X, y)), np.zeros(15))
    assert is_separable(softmax, softmax.check((X, (y > 0).astype(int))), np.zeros(10))


def test_dat_06_breast_cancer_is_separable_so_that_logistic_regression_never_ends():
    X, y = load_breast_cancer(return_X_y=True)
    data = ((X - X.mean(axis=0)) / X.std(axis=0), y)
    model = models.logistic(intercept=True)
    checked = model.check(data)
    assert is_separable(model, checked, np.zeros(31)) == FACTS["DAT-06"]["expected"]
    assert diagnose(model, data, np.zeros(31), learning_rate=0.3).cause == "separable data"
    norms, theta = [], np.zeros(31)
    for _ in range(3):  # the norm goes on growing
        run = minimize(
            model.gradient, theta, learning_rate=0.5, steps=3000, args=(*checked, *model.args)
        )
        theta = run.theta
        norms.append(np.linalg.norm(theta))
    assert norms[0] * 1.05 < norms[1] and norms[1] * 1.02 < norms[2]
    ridge = models.logistic(penalty=1e-3, intercept=True)  # a penalty ends it
    assert np.linalg.norm(newton(ridge, checked, np.zeros(31))) < norms[0]


# --- Class imbalance ------------------------------------------------------------------------------


def intercept_only(positive, negative, class_weight=None):
    """The fitted intercept, the model and its data."""
    model = models.logistic(class_weight=class_weight)
    labels = np.repeat([1, 0], [positive, negative])
    data = model.check((np.ones((positive + negative, 1)), labels))
    return newton(model, data, np.zeros(1)), model, data


def test_imb_01_a_weight_shifts_the_intercept_by_its_logarithm():
    weighted, *_ = intercept_only(30, 970, {1: 10.0, 0: 1.0})
    plain, *_ = intercept_only(30, 970)
    expect("IMB-01", weighted[0])
    np.testing.assert_allclose(weighted[0] - plain[0], np.log(10), rtol=0, atol=1e-10)


def test_imb_02_undersampling_is_undone_by_the_formula():
    """100 to 1000, of which a tenth is kept: fitted on both."""
    kept, full = intercept_only(100, 100)[0][0], intercept_only(100, 1000)[0][0]
    p = 1 / (1 + np.exp(-kept))
    np.testing.assert_allclose(p, 0.5, rtol=0, atol=1e-12)
    expect("IMB-02", 0.1 * p / (0.1 * p + 1 - p))
    expect("IMB-02", 1 / (1 + np.exp(-full)))


def test_clm_08_the_intercepts_error_shrinks_with_more_data():
    errors = []
    for n in (1000, 100_000):
        theta, model, data = intercept_only(n // 100, n - n // 100)
        information = n * model.hvp(theta, np.ones(1), *data, *model.args)[0]
        errors.append(1 / np.sqrt(information))
    expect("CLM-08", errors)


def test_a_flow_of_a_model_is_its_gradient_flow():
    """A model's gradient is a right-hand side: the flow of ridge ends at its minimiser."""
    rng = np.random.default_rng(0)
    model = models.ridge(0.1)
    data = model.check((rng.normal(size=(20, 3)), rng.normal(size=20)))
    flow = gradient_flow(model.gradient)
    sol = solve_ivp(flow, (0, 80), np.zeros(3), args=(*data, *model.args), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(sol.y[:, -1], newton(model, data, np.zeros(3)), rtol=0, atol=1e-8)
