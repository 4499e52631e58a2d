"""Each cause of trouble, made on purpose, is the one that is named: the confusion table is
diagonal.

The sharpness is held against numpy's eigenvalues, and each method's limit against the method run on
both sides of it.
"""

import dataclasses

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_digits

from odelib import OPTIMIZERS, diagnose, minimize, models, sharpness, train
from odelib.curvature import left_to_gain, spectrum
from odelib.diagnosis.case import CAUSES
from odelib.diagnosis.gradient_check import check_gradient

JIT = not numba.config.DISABLE_JIT
LINE = models.least_squares()


def hundred_points():
    """Document 001's data: X (100, 2) with a column of ones, y (100,)."""
    random = np.random.RandomState(42)
    x = 2 * random.rand(100, 1)
    y = 4 + 3 * x + random.randn(100, 1)
    return np.column_stack([np.ones(100), x]), y.ravel()


X, Y = hundred_points()
BORDER = 0.9685100548  # 2/λmax of these data
BEST = np.linalg.lstsq(X, Y, rcond=None)[0]
NEAR = BEST + [1e-3, 0.0]


# --- The causes, one function each: the arguments of diagnose ------------------------------------


def bad_data():
    spoilt = X.copy()
    spoilt[7, 1] = np.nan
    yield (LINE, (spoilt, Y), BEST), dict(learning_rate=0.5)
    yield (LINE, (X, Y[:, None]), BEST), dict(learning_rate=0.5)
    yield (models.logistic(), (X, np.ones(100)), BEST), dict(learning_rate=0.5)


def bad_parameters():
    yield (LINE, (X, Y), [np.nan, 0.0]), dict(learning_rate=0.5)
    yield (LINE, (X, Y), [1e200, 0.0]), dict(learning_rate=0.5)


def classes():
    """Two overlapping classes (80, 3), and a point that is not special."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(80, 3))
    return rows, (rows @ [1.0, -1.0, 0.5] + rng.normal(size=80) > 0).astype(int)


def with_gradient(change):
    """Logistic regression and a network whose gradient is changed."""
    point = np.array([0.3, -0.2, 0.1])
    for model in (models.logistic(), models.network(hidden=(6,))):
        data = classes()
        theta = point if model.name == "logistic" else model.initial(*model.check(data)[:2], 0)

        def wrong(theta, *rest, model=model):
            return change(model.gradient(theta, *rest).copy())

        yield (model, data, theta), dict(learning_rate=0.1, gradient=wrong)
        yield (dataclasses.replace(model, gradient=wrong), data, theta), dict(learning_rate=0.1)


def wrong_sign():
    return with_gradient(np.negative)


def wrong_scale():
    yield from with_gradient(lambda g: 2 * g)
    yield from with_gradient(lambda g: 80 * g)  # a sum for a mean


def wrong_component():
    def change(g):
        g[1] *= -1
        return g

    return with_gradient(change)


def wrong_components():
    def change(g):
        g[:2] += 0.3
        return g

    return with_gradient(change)


METHODS_WITH_LIMIT = [name for name, row in OPTIMIZERS.items() if row.update or row.tableau]
METHODS_WITH_LIMIT = [name for name in METHODS_WITH_LIMIT if OPTIMIZERS[name].limit]


def border(method):
    row = OPTIMIZERS[method]
    return row.limit(**row.settings) / 2 * BORDER


def too_large():
    yield (LINE, (X, Y), [0.0, 0.0]), dict(learning_rate=1.0)  # the book's first page
    for method in METHODS_WITH_LIMIT:
        yield (LINE, (X, Y), NEAR, method), dict(learning_rate=1.02 * border(method))
    yield (LINE, (X, Y), NEAR), dict(learning_rate=1.001 * BORDER)
    yield (LINE, (X, Y), BEST, "adam"), dict(learning_rate=50.0)
    steep = models.network(hidden=(8,), loss="squared")
    theta = steep.initial(*steep.check((X, Y))[:2], 0)
    yield (steep, (X, Y), theta), dict(learning_rate=20.0)


def waves():
    """40 points of sin 3x, and a network for them."""
    x = np.linspace(-1, 1, 40)[:, None]
    return models.network(hidden=(30,), loss="squared"), (x, np.sin(3 * x[:, 0]))


def edge():
    model, data = waves()
    start = model.initial(*model.check(data)[:2], 0)
    for rate in (1.0, 1.2):
        yield (model, data, start), dict(learning_rate=rate)


def at_a_trough():
    """Where training at the edge has come to, at a moment when the loss is low there."""
    model, data = waves()
    checked = model.check(data)
    start = model.initial(*checked[:2], 0)
    for rate, steps in [(0.3, 4000), (0.4, 3000), (0.8, 6000)]:
        run = minimize(
            model.gradient, start, learning_rate=rate, steps=steps, args=(*checked, *model.args)
        )
        yield model, data, run.theta, rate


def noise():
    for seed in range(3):
        yield (LINE, (X, Y), NEAR), dict(learning_rate=0.4, batch_size=5, seed=seed)
    yield (LINE, (X, Y), BEST), dict(learning_rate=0.01, batch_size=1)


def overfitted():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(230, 25)) * 0.9 ** np.arange(25)
    y = rows[:, 0] + rng.normal(size=230)
    data, held_out = (rows[:30], y[:30]), (rows[30:], y[30:])
    return LINE, data, held_out, 0.9 * 2 / sharpness(LINE, data, np.zeros(25))


def overfitting():
    model, data, held_out, rate = overfitted()
    yield (model, data, np.zeros(25)), dict(learning_rate=rate, validation=held_out)
    histories = dict(losses=[3.0, 2.0, 1.0, 0.5], validation_losses=[3.0, 2.0, 2.1, 2.4])
    yield (LINE, (X, Y), [0.0, 0.0]), dict(learning_rate=0.5, **histories)


def overshoot():
    for method, momentum in [("heavy_ball", 0.9), ("heavy_ball", 0.99), ("nesterov", 0.99)]:
        yield (LINE, (X, Y), [0.0, 0.0], method), dict(learning_rate=0.1, momentum=momentum)


def kinks():
    data = classes()
    model = models.svm(penalty=0.01)
    yield (model, data, np.array([1.0, -1.0, 0.5])), dict(learning_rate=0.5)


def converged():
    yield (LINE, (X, Y), BEST), dict(learning_rate=0.5)
    yield (LINE, (X, Y), BEST), dict(learning_rate=1e-6)
    yield (LINE, (X, Y), BEST, "heavy_ball"), dict(learning_rate=0.1)


def separable():
    rows, y = np.array([[2.0, 1.0], [1.0, 3.0], [-0.5, -2.0], [-3.0, -2.0]]), [1, 1, 0, 0]
    for theta in ([0.0, 0.0], [2.0, 3.0], [20.0, 30.0]):
        yield (models.logistic(), (rows, y), theta), dict(learning_rate=0.1)
    three = np.eye(3)[[0, 1, 2, 0, 1, 2]] + 0.1
    yield (models.softmax(), (three, [0, 1, 2] * 2), np.zeros(9)), dict(learning_rate=0.5)


def plateau():
    model, data = waves()
    theta = 1e-8 * model.initial(*model.check(data)[:2], 0)
    yield (model, data, theta), dict(learning_rate=0.1)


def too_small():
    yield (LINE, (X, Y), [0.0, 0.0]), dict(learning_rate=1e-4)
    yield (LINE, (X, Y), [0.0, 0.0], "heavy_ball"), dict(learning_rate=1e-5)
    model = models.logistic()
    yield (model, classes(), [0.0, 0.0, 0.0]), dict(learning_rate=1e-3)


def ill_conditioned():
    rows, y = load_diabetes(return_X_y=True, scaled=False)
    data = (np.column_stack([np.ones(442), rows]), y)
    rate = 1.8 / sharpness(LINE, data, np.zeros(11))
    checked = LINE.check(data)
    start = minimize(
        LINE.gradient, np.zeros(11), learning_rate=rate, steps=2000, args=(*checked, *LINE.args)
    ).theta
    yield (LINE, data, start), dict(learning_rate=rate)


def nothing():
    yield (LINE, (X, Y), [0.0, 0.0]), dict(learning_rate=0.895)
    yield (LINE, (X, Y), [0.0, 0.0]), dict(learning_rate=0.5, batch_size=50, validation=(X, Y))
    yield (models.logistic(), classes(), [0.0, 0.0, 0.0]), dict(learning_rate=1.0)
    yield (models.logistic(), classes(), [0.0, 0.0, 0.0], "adam"), dict(learning_rate=0.05)


MADE = dict(
    zip(
        CAUSES,
        [
            bad_data, bad_parameters, wrong_sign, wrong_scale, wrong_component, wrong_components,
            too_large, edge, noise, overfitting, overshoot, kinks, converged, separable, plateau,
            too_small, ill_conditioned, nothing,
        ],
        strict=True,
    )
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")  # of NumPy's scalars, unjitted
@pytest.mark.parametrize("cause", CAUSES)
def test_the_cause_that_was_made_is_the_one_that_is_found(cause):
    """A row of the confusion table: all its entries stand on the diagonal."""
    if cause == "edge of stability" and not JIT:
        pytest.skip("takes minutes as plain Python")
    for arguments, options in MADE[cause]():
        found = diagnose(*arguments, **options)
        assert found.cause == cause, str(found)
        assert str(found) == found.sentence and found.sentence.endswith(".")


def late(model, data, theta, rate, **settings):
    """Loss at theta, and its mean over the last 250 of 1000 steps with all rows."""
    args = (*model.check(data), *model.args)
    loss = minimize(
        model.gradient, theta, learning_rate=rate, steps=1000, args=args, fun=model.loss, **settings
    ).loss
    return loss[0], loss[-250:].mean()


@pytest.mark.skipif(not JIT, reason="takes minutes as plain Python")
def test_at_the_edge_it_is_no_fault_only_where_the_loss_falls_as_below_the_limit():
    for arguments, options in edge():
        found = diagnose(*arguments, **options)
        start, end = late(*arguments, options["learning_rate"])
        assert end < 0.1 * start and "This is no fault" in found.sentence
        assert_allclose(found.measured["late_loss"], end, rtol=0.05)
        assert end - found.measured["late_loss_below"] < 0.1 * start
    for *arguments, rate in at_a_trough():
        found = diagnose(*arguments, learning_rate=rate)
        assert found.cause == "learning rate too large" and "no fault" not in found.sentence
        start, end = late(*arguments, rate)
        advised = float(found.sentence.rstrip(".").split()[-1])
        assert late(*arguments, 0.9 * advised)[1] < start < end
    relu = models.network(hidden=(30,), loss="squared", activation="relu")
    data = waves()[1]  # the loss falls from 0.93 to 0.12, and to 0.004 below the limit
    begin = relu.initial(*relu.check(data)[:2], 0)
    assert diagnose(relu, data, begin, learning_rate=1.0).cause == "learning rate too large"


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    ("rate", "ill"), [(12.0, False), (20.0, True), (100.0, True), (500.0, True)]
)
def test_a_bounded_loss_that_wanders_is_no_edge_in_any_units(rate, ill, scale):
    """The limit at the start is 6.4; with 12 the loss still comes to its minimum, 0.310."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 3))
    y = (rows @ [1.0, 2.0, 3.0] + 2 * rng.normal(size=100) > 0).astype(int)
    data = (np.column_stack([np.ones(100), rows]) * scale, y)
    model, rate = models.logistic(), rate / scale**2
    steps = dict(learning_rate=rate, steps=1000)
    there = minimize(
        model.gradient, np.zeros(4), args=(*model.check(data), *model.args), **steps
    ).theta
    if ill:
        for theta in (np.zeros(4), there):
            found = diagnose(model, data, theta, learning_rate=rate)
            assert found.cause == "learning rate too large", str(found)
            advised = float(found.sentence.rstrip(".").split()[-1])
            assert late(model, data, theta, 0.9 * advised)[1] < 0.3102
    else:
        assert late(model, data, np.zeros(4), rate)[1] < 0.3102
        found = diagnose(model, data, np.zeros(4), learning_rate=rate)
        assert found.cause == "edge of stability" and "no fault" in found.sentence
        assert diagnose(model, data, there, learning_rate=rate).cause != "learning rate too large"


def test_saturated_parameters_are_no_flat_place_where_the_loss_can_fall():
    """Raw columns, all parameters 1: no curvature at all, and the loss 174 falls to about 40."""
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(30, 75, 300), rng.normal(150, 22, 300), np.ones(300)])
    score = 0.06 * (rows[:, 0] - 54) - 0.03 * (rows[:, 1] - 150)
    data, model = (rows, (score + rng.logistic(size=300) > 0).astype(int)), models.logistic()
    found = diagnose(model, data, np.ones(3), learning_rate=0.01)
    assert found.cause == "learning rate too large" and found.sharpness < 1e-20
    advised = float(found.sentence.rstrip(".").split()[-1])
    start, end = late(model, data, np.ones(3), 0.01)
    assert 3 * late(model, data, np.ones(3), 0.9 * advised)[1] < end < start


def test_momentum_is_said_to_come_to_rest_only_where_the_run_ends_lower():
    for arguments, options in overshoot():
        assert "comes to rest" in diagnose(*arguments, **options).sentence
    found = diagnose(LINE, (X, Y), NEAR, "adam", learning_rate=0.5, beta2=0.5, steps=50)
    _, end = late(LINE, (X, Y), NEAR, 0.5, method="adam", beta2=0.5)
    assert end > LINE.loss(NEAR, *LINE.check((X, Y)), *LINE.args)
    assert found.cause == "learning rate too large"


def test_a_run_with_mini_batches_that_ends_higher_is_noise_though_its_first_step_helps():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1000, 20))
    data = rows, (rows @ rng.normal(size=20) / 7 + rng.logistic(size=1000) > 0).astype(int)
    run = dict(learning_rate=0.3, batch_size=20)
    start = models.logistic(), data, np.zeros(20), "nesterov_convex"
    found = diagnose(*start, **run)
    assert found.cause == "noise" and "rises by the noise" in found.sentence
    trained = train(*start[:2], "nesterov_convex", epochs=20, **run)
    assert trained.loss[-10:].mean() > trained.loss[0]
    assert diagnose(*start, learning_rate=0.3).cause != "noise"
    assert diagnose(*start[:3], **run).cause != "noise"  # gd: its loss falls


def test_the_sentence_of_the_books_first_page_has_its_numbers():
    found = diagnose(LINE, (X, Y), [0.0, 0.0], learning_rate=1.0)
    assert_allclose(found.sharpness, 2.0650276061, rtol=1e-9)
    assert_allclose(found.safe_learning_rate, BORDER, rtol=1e-9)
    assert_allclose(found.product, found.sharpness, rtol=1e-15)
    assert found.limit == 2.0
    top = np.linalg.eigh(X.T @ X / 100)[1][:, -1]
    assert_allclose(abs(found.direction @ top), 1.0, rtol=1e-9)
    assert found.sentence == (
        "The learning rate 1 times the sharpness 2.065 is 2.065, above 2, the limit of gd: the "
        "error in the direction of largest curvature, mostly theta[1], grows. Take a learning rate "
        "below 0.9685."
    )


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")  # of NumPy's scalars, unjitted
@pytest.mark.parametrize(
    ("method", "settings", "limit"),
    [
        ("Euler", {}, 2.0),
        ("RK4", {}, 2.785293563405282),
        ("heavy_ball", {"momentum": 0.9}, 2 * (1 + 0.9)),
        ("heavy_ball", {"momentum": 0.5}, 2 * (1 + 0.5)),
        ("nesterov", {"momentum": 0.9}, 2 * (1 + 0.9) / (1 + 2 * 0.9)),
    ],
)
def test_the_limit_is_the_methods_own(method, settings, limit):
    """The product of learning rate and sharpness beside it, the safe rate, the worst direction."""
    for factor in 0.9, 1.1:
        rate = factor * limit / 2 * BORDER
        found = diagnose(LINE, (X, Y), NEAR, method, learning_rate=rate, **settings)
        assert_allclose(found.limit, limit, rtol=1e-12)
        assert_allclose(found.product, factor * limit, rtol=1e-7)
        assert_allclose(found.safe_learning_rate, limit / 2 * BORDER, rtol=1e-7)
        top = np.linalg.eigh(X.T @ X / 100)[1][:, -1]
        assert_allclose(abs(found.direction @ top), 1.0, rtol=1e-9)
        assert (found.cause == "learning rate too large") == (factor > 1)
        if factor > 1:
            assert f"above {limit:.4g}, the limit of" in found.sentence


@pytest.mark.parametrize("method", METHODS_WITH_LIMIT)
def test_the_safe_learning_rate_is_the_border_of_the_method(method):
    """Run on both sides of it; on the safe side of it diagnose finds no instability."""
    safe = diagnose(LINE, (X, Y), NEAR, method, learning_rate=0.1).safe_learning_rate
    assert_allclose(safe, border(method), rtol=1e-7)
    data = LINE.check((X, Y))
    for factor, grows in [(0.99, False), (1.01, True)]:
        run = minimize(
            LINE.gradient, NEAR, method, learning_rate=factor * safe, steps=3000,
            args=(*data, *LINE.args),
        )  # fmt: skip
        assert (not run.success or run.gradient_norm[-1] > 1e3) == grows
        found = diagnose(LINE, (X, Y), NEAR, method, learning_rate=factor * safe)
        assert (found.cause == "learning rate too large") == grows


def test_bad_data_are_quoted_with_their_place():
    found = diagnose(*next(bad_data())[0], learning_rate=0.5)
    assert "X[7, 1] = nan" in found.sentence
    assert np.isnan(found.sharpness) and found.direction is None


def test_a_wrong_component_is_named_with_both_values():
    arguments, options = list(wrong_component())[-1]
    found = diagnose(*arguments, **options)
    model, data, theta = arguments
    right = models.network(hidden=(6,)).gradient(theta, *model.check(data), *model.args)
    assert found.measured["component"] == 1
    assert_allclose(found.measured["measured"], right[1], rtol=1e-4)
    assert_allclose(found.measured["given"], -right[1], rtol=1e-12)


def test_noise_is_not_blamed_where_the_gradient_is_larger_or_the_batch_full():
    far = diagnose(LINE, (X, Y), [0.0, 0.0], learning_rate=0.4, batch_size=5)
    full = diagnose(LINE, (X, Y), NEAR, learning_rate=0.4, batch_size=100)
    assert far.cause == "nothing found"
    assert full.cause != "noise"


def test_overfitting_is_not_blamed_before_it_begins():
    model, data, held_out, rate = overfitted()
    start = 5 * np.ones(25)
    found = diagnose(model, data, start, learning_rate=rate, validation=held_out, steps=20)
    assert found.cause != "overfitting"


def test_bad_arguments_are_refused():
    for options, words in [
        (dict(learning_rate=0.0), "learning_rate must be a positive number, got 0.0"),
        (dict(learning_rate=0.1, batch_size=0), "batch_size must be between 1 and the 100 rows"),
        (dict(learning_rate=0.1, losses=[1.0]), "both losses= and validation_losses="),
        (dict(learning_rate=0.1, losses=[1.0], validation_losses=[1.0, 2.0]), "same length"),
    ]:
        with pytest.raises(ValueError, match=words):
            diagnose(LINE, (X, Y), BEST, **options)
    with pytest.raises(ValueError, match=r"theta must have shape \(2,\) for least squares"):
        diagnose(LINE, (X, Y), [0.0], learning_rate=0.1)


# --- Sharpness -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_spectrum_is_that_of_numpy(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(40, 40))
    matrix = matrix + matrix.T
    values, vectors = np.linalg.eigh(matrix)
    found = spectrum(lambda v: matrix @ v, size=40, count=3, tol=1e-12)
    assert_allclose(found.values, values[:-4:-1], rtol=1e-11)
    assert_allclose(np.abs(found.vectors.T @ vectors[:, :-4:-1]), np.eye(3), rtol=0, atol=1e-6)
    assert_allclose(sharpness(lambda v: matrix @ v, size=40), values[-1], rtol=3e-4)


@pytest.mark.skipif(not JIT, reason="takes minutes as plain Python")
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_sharpness_of_1e4_parameters_takes_at_most_30_products_for_3_digits(activation):
    rows, y = load_digits(return_X_y=True)
    model = models.network(hidden=(133,), activation=activation)
    data = (rows[:300] / 16, y[:300])
    checked = model.check(data)
    theta = model.initial(*checked[:2], 0)
    assert 9_900 < len(theta) < 10_100
    for _ in range(2):  # at the start, and after some training
        count = [0]

        def product(v, theta=theta, count=count):
            count[0] += 1
            return model.hvp(theta, v, *checked, *model.args)

        found = spectrum(product, size=len(theta))
        assert count[0] == found.products <= 30
        exact = spectrum(model, data, theta, tol=1e-8).values[0]
        assert_allclose(found.values[0], exact, rtol=5e-4)
        assert_allclose(sharpness(model, data, theta), found.values[0], rtol=1e-12)
        theta = minimize(
            model.gradient, theta, learning_rate=0.2, steps=50, args=(*checked, *model.args)
        ).theta


def test_spectrum_ends_when_nothing_is_left_to_find():
    assert spectrum(lambda v: 0 * v, size=50).products == 1
    two = spectrum(lambda v: np.where(np.arange(50) < 7, 2.0, 1.0) * v, size=50, tol=1e-14)
    assert two.products == 2
    assert_allclose([two.values[0], two.smallest], [2.0, 1.0], rtol=1e-12)


def test_sharpness_is_the_largest_eigenvalue_not_the_largest_in_size():
    assert_allclose(sharpness(lambda v: [-9, 1, 2] * v, size=3), 2.0, rtol=1e-9)


def test_sharpness_that_cannot_be_had_is_an_error():
    diagonal = np.linspace(0, 1, 400)
    with pytest.raises(ValueError, match="5 products give λmax only to within .* raise max_prod"):
        sharpness(lambda v: diagonal * v, size=400, max_products=5, tol=1e-10)
    with pytest.raises(ValueError, match="Hessian is not finite"):
        sharpness(lambda v: np.nan * v, size=3)
    with pytest.raises(ValueError, match="count must be between 1 and the 3"):
        spectrum(lambda v: v, size=3, count=4)
    with pytest.raises(ValueError, match="tol must be positive"):
        sharpness(lambda v: v, size=3, tol=0.0)
    with pytest.raises(TypeError, match="needs its data and theta"):
        sharpness(LINE)
    with pytest.raises(TypeError, match="goes with size alone"):
        sharpness(lambda v: v)
    with pytest.raises(TypeError, match=r"Model or a function hvp\(v\), got ndarray"):
        sharpness(np.eye(2))


def test_what_is_left_to_gain_is_exact_on_a_quadratic():
    data = LINE.check((X, Y))
    theta = np.array([1.0, -2.0])
    g = LINE.gradient(theta, *data, *LINE.args)
    left, convex = left_to_gain(lambda v: LINE.hvp(theta, v, *data, *LINE.args), g)
    exact = LINE.loss(theta, *data, *LINE.args) - LINE.loss(BEST, *data, *LINE.args)
    assert convex
    assert_allclose(left, exact, rtol=1e-9)
    assert not left_to_gain(lambda v: [1.0, -2.0] * v, np.ones(2))[1]


# --- Gradient check --------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_right_gradient_passes_and_any_one_wrong_component_is_found(activation, size):
    data = classes()
    model = models.network(hidden=(20, 20), activation=activation)
    checked = model.check(data)
    rng = np.random.default_rng(0)
    theta = size * rng.normal(size=model.size(*checked[:2]))

    def loss(t):
        return model.loss(t, *checked, *model.args)

    right = model.gradient(theta, *checked, *model.args)
    assert check_gradient(loss, lambda t: right, theta).fault is None
    for j in (0, 100, len(theta) - 1):
        wrong = right.copy()
        wrong[j] += 0.1 * np.abs(right).max()
        found = check_gradient(loss, lambda t, wrong=wrong: wrong, theta)
        assert (found.fault, found.component) == ("component", j)


def test_a_subgradient_at_a_kink_passes_and_what_is_beyond_does_not():
    kink = check_gradient(
        lambda t: abs(t).sum(), lambda t: np.array([0.3, 1.0]), np.array([0.0, 2])
    )
    assert kink.fault is None
    steep = check_gradient(
        lambda t: abs(t).sum(), lambda t: np.array([1.3, 1.0]), np.array([0.0, 2])
    )
    assert steep.component == 0


def test_a_gradient_that_is_always_zero_has_the_scale_zero():
    found = check_gradient(lambda t: t @ t, lambda t: 0 * t, np.ones(3))
    assert (found.fault, found.factor) == ("scale", 0.0)
