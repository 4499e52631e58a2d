"""train: the same descent as minimize, on data, in batches, watched and stopped."""

import re
import sys

import numpy as np
import pytest

from interrupts import interrupted
from odelib import OPTIMIZERS, minimize, models, train
from odelib.training import batches
from odelib.training.train import SAFE

RNG = np.random.default_rng(7)
X = RNG.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=50)
LABELS = (Y > 0).astype(int)
THREE = np.digitize(Y, [-1.0, 1.0])
LINE = models.least_squares()


def numpy_gradient(theta, X, y):
    return X.T @ (X @ theta - y) / len(y)


def numpy_loss(theta, X, y):
    return np.mean((X @ theta - y) ** 2) / 2


def interpreted_overflow():
    """Where numba is off, NumPy warns of the overflow of a training that diverges."""
    return np.errstate(over="ignore", invalid="ignore")


# --- The iteration --------------------------------------------------------------------------------


@pytest.mark.parametrize("cached", [0, 2**20])
@pytest.mark.parametrize("name", ["gd", "heavy_ball", "nesterov", "adam", "adamw", "RK4"])
def test_all_rows_at_once_is_minimize(name, cached, monkeypatch):
    """To the last bit as the data are; to rounding where train lays them out by columns."""
    monkeypatch.setattr(batches, "_CACHED", cached)
    result = train(LINE, (X, Y), name, learning_rate=0.05, epochs=40)
    same = minimize(
        LINE.gradient, np.zeros(3), name, learning_rate=0.05, steps=40,
        args=(X, Y, np.ones(50), *LINE.args),
    )  # fmt: skip
    np.testing.assert_allclose(result.theta, same.theta, rtol=1e-13 if cached else 0, atol=0)
    np.testing.assert_allclose(result.gradient_norm, same.gradient_norm, rtol=1e-12, atol=1e-15)
    assert result.njev == same.njev - 1  # none is taken at the last point
    assert result.stopped_by == "epochs" and result.success and result.steps == 40


@pytest.mark.parametrize("rows", [3, 8, 9, 50])
@pytest.mark.parametrize("model", [LINE, models.logistic(penalty=0.1), models.softmax()])
def test_columns_begin_at_a_cache_line_and_have_the_same_gradient(model, rows):
    y = {"values": Y, "signs": np.arange(50) % 2, "labels": np.arange(50) % 3}[model.target]
    data = model.check((X[:rows], y[:rows], 0.1 + Y[:rows] ** 2))
    columns, *rest = batches._columns(*data)
    assert columns.ctypes.data % 64 == columns.strides[0] % 64 == 0
    theta = np.linspace(-1, 1, model.size(*data[:2]))
    by_columns = model.gradient(theta, columns.T, *rest, *model.args)
    by_rows = model.gradient(theta, *data, *model.args)
    np.testing.assert_allclose(by_columns, by_rows, rtol=1e-12, atol=1e-15)


def batches_of(seed, size, epochs):
    """The rows of each batch, drawn as train says: an own stream of the seed, shuffled anew."""
    rng = np.random.default_rng(seed).spawn(3)[2]
    for _ in range(epochs):
        order = rng.permutation(50)
        yield from (order[i : i + size] for i in range(0, 50, size))


@pytest.mark.parametrize("size", [1, 7, 25, 49])
@pytest.mark.parametrize("validate_every", [1, 3, 100])
def test_batches_are_the_rows_of_a_plain_loop(size, validate_every):
    result = train(
        LINE, (X, Y), learning_rate=0.02, batch_size=size, epochs=4, seed=3,
        validate_every=validate_every,
    )  # fmt: skip
    theta, count = np.zeros(3), 0
    for rows in batches_of(3, size, 4):
        theta = theta - 0.02 * numpy_gradient(theta, X[rows], Y[rows])
        count += 1
    np.testing.assert_allclose(result.theta, theta, rtol=0, atol=1e-13)
    assert result.steps == result.njev == count == 4 * -(-50 // size)
    np.testing.assert_allclose(result.loss[-1], numpy_loss(theta, X, Y), rtol=1e-12)
    looks = {1: [0, 1, 2, 3, 4], 3: [0, 3, 4], 100: [0, 4]}[validate_every]
    np.testing.assert_array_equal(result.epoch, looks)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (LINE, Y),
        (models.logistic(penalty=0.1, intercept=True), LABELS),
        (models.softmax(), THREE),
        (models.network(hidden=(4,)), THREE),
        (models.network(hidden=(4,), loss="squared"), np.column_stack([Y, -Y])),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_kind_of_target_goes_through_batches(model, y):
    weights = np.linspace(0.5, 1.5, 50)
    result = train(
        model, (X, y, weights), "heavy_ball", learning_rate=0.05, batch_size=8, epochs=3, seed=1,
        momentum=0.5,
    )  # fmt: skip
    A, b, w = model.check((X, y, weights))
    theta, v = model.initial(A, b, np.random.default_rng(1).spawn(3)[0]), 0
    start = model.loss(theta, A, b, w, *model.args)
    for rows in batches_of(1, 8, 3):
        v = 0.5 * v + model.gradient(theta, A[rows], b[rows], w[rows], *model.args)
        theta = theta - 0.05 * v
    np.testing.assert_allclose(result.theta, theta, rtol=0, atol=1e-12)
    assert result.loss[0] == start > result.loss[-1]


def test_all_stages_of_a_step_see_the_same_batch():
    result = train(LINE, (X, Y), "Heun", learning_rate=0.1, batch_size=10, epochs=2, seed=5)
    theta = np.zeros(3)
    for rows in batches_of(5, 10, 2):
        first = numpy_gradient(theta, X[rows], Y[rows])
        second = numpy_gradient(theta - 0.1 * first, X[rows], Y[rows])
        theta = theta - 0.05 * (first + second)
    np.testing.assert_allclose(result.theta, theta, rtol=0, atol=1e-13)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    def run(seed):
        return train(
            models.network(hidden=(5,)), (X, THREE), "adam", learning_rate=0.01, batch_size=16,
            epochs=5, validation=0.2, seed=seed,
        )  # fmt: skip

    one, again, other = run(1), run(1), run(2)
    np.testing.assert_array_equal(one.theta, again.theta)
    np.testing.assert_array_equal(one.validation, again.validation)
    assert abs(one.theta - other.theta).max() > 1e-2


@pytest.mark.parametrize("name", [n for n, row in OPTIMIZERS.items() if row.rule])
def test_methods_with_a_hessian_have_it_from_the_model(name):
    model = models.logistic(penalty=0.1, intercept=True)
    result = train(model, (X, LABELS), name, learning_rate=1.0, epochs=60)
    assert result.gradient_norm[-1] < (1e-14 if name == "newton" else 1e-3)
    assert result.loss[-1] < result.loss[0]
    with pytest.raises(ValueError, match="needs all rows at once"):
        train(model, (X, LABELS), name, learning_rate=1.0, batch_size=5)


def test_schedules_count_steps():
    by_function = train(
        LINE, (X, Y), learning_rate=lambda k: 0.1 / (1 + k), batch_size=20, epochs=3, seed=2
    )
    by_array = train(
        LINE, (X, Y), learning_rate=0.1 / (1 + np.arange(9)), batch_size=20, epochs=3, seed=2
    )
    np.testing.assert_array_equal(by_function.theta, by_array.theta)
    assert by_function.learning_rate is None
    with pytest.raises(ValueError, match=r"shape \(9,\), one for each step; got shape \(8,\)"):
        train(LINE, (X, Y), learning_rate=np.ones(8), batch_size=20, epochs=3)


def test_the_mean_of_the_iterates_has_less_noise_than_the_last():
    exact = np.linalg.lstsq(X, Y, rcond=None)[0]
    result = train(
        LINE, (X, Y), learning_rate=0.2, batch_size=1, epochs=200, average_from=1000,
        validate_every=200,
    )  # fmt: skip
    assert np.linalg.norm(result.average - exact) < np.linalg.norm(result.theta - exact) / 3


# --- The automatic learning rate ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gd", "heavy_ball", "nesterov", "RK4"])
def test_the_automatic_rate_is_a_fraction_of_the_limit(name):
    largest = np.linalg.eigvalsh(X.T @ X / 50)[-1]
    row = OPTIMIZERS[name]
    result = train(LINE, (X, Y), name, epochs=300)
    np.testing.assert_allclose(result.sharpness, largest, rtol=1e-3)
    expected = SAFE * row.limit(**row.settings) / largest
    np.testing.assert_allclose(result.learning_rate, expected, rtol=1e-3)
    assert result.gradient_norm[-1] < 1e-6
    with interpreted_overflow():
        beyond = train(LINE, (X, Y), name, learning_rate=2.1 * result.learning_rate, epochs=2000)
    assert not beyond.success or beyond.loss[-1] > 1e3 * beyond.loss[0]


def test_the_automatic_rate_sees_sharp_batches():
    full = train(LINE, (X, Y), epochs=1)
    single = train(LINE, (X, Y), batch_size=2, epochs=200)
    assert single.sharpness > 1.5 * full.sharpness
    assert single.loss[-1] < 0.01


def hinge():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 3))
    return rows, (rows @ [1.0, 2.0, 3.0] + 2 * rng.normal(size=100) > 0).astype(int)


@pytest.mark.parametrize("batch_size", [None, 8])
@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4, 0.0])
def test_the_automatic_rate_does_not_trust_a_hessian_beside_kinks(penalty, batch_size):
    """The Hessian of the hinge is that of the penalty: half the limit was 1/penalty."""
    result = train(models.svm(penalty=penalty), hinge(), batch_size=batch_size)
    assert result.success and result.loss[-1] < 0.8 * result.loss[0]


def test_the_automatic_rate_does_not_trust_the_hessian_of_a_saturated_sigmoid():
    rows, y = hinge()
    result = train(models.logistic(), (100 + 10 * rows, y), theta0=[1.0, 1.0, 1.0], epochs=500)
    assert result.sharpness < 1e-20 and result.success
    assert 0 < result.loss[-1] < 0.5 * result.loss[0]


@pytest.mark.parametrize("name", ["gd", "heavy_ball", "nesterov"])
def test_the_automatic_rate_is_halved_until_the_loss_falls(name):
    """One row of 31 is long, and no batch that is looked at has it: single rows diverge."""
    x = np.r_[np.linspace(0, 1, 30), 40.0]
    data = x[:, None], x + 1.0
    with interpreted_overflow():
        result = train(models.least_squares(intercept=True), data, name, batch_size=1, epochs=400)
    looked = np.maximum.accumulate(np.where(np.isfinite(result.loss), result.loss, np.inf))
    assert looked[-1] > result.loss[0]  # it was above its start
    assert result.success and result.loss[-1] < result.loss[0]
    halved = int(re.search(r"was halved (\d+) times, to ", result.message)[1])
    assert halved > 0 and f"to {result.learning_rate:.4g}, each time" in result.message


@pytest.mark.parametrize("name", ["gd", "heavy_ball", "nesterov"])
def test_after_halving_it_goes_on_as_a_run_from_the_start_would(name, monkeypatch):
    """Bit for bit, with the halved rate: at rest, and with nothing left of what was in vain."""
    monkeypatch.setattr("odelib.training.train.SAFE", 1.5)
    with interpreted_overflow():
        result = train(LINE, (X, Y), name, epochs=9, validate_every=3, average_from=1)
    assert result.loss[1] > result.loss[0] and "halved 1 times" in result.message
    half = result.learning_rate
    fresh = train(LINE, (X, Y), name, learning_rate=half, epochs=6, average_from=1)
    np.testing.assert_array_equal(result.theta, fresh.theta)
    np.testing.assert_array_equal(result.average, fresh.average)


def test_an_automatic_rate_whose_last_look_is_above_the_start_says_so(monkeypatch):
    monkeypatch.setattr("odelib.training.train.SAFE", 1.5)
    result = train(LINE, (X, Y), epochs=3, validate_every=3)
    assert result.loss[-1] > result.loss[0]
    assert not result.success and "The loss rose from" in result.message
    given = train(LINE, (X, Y), learning_rate=result.learning_rate, epochs=9, validate_every=3)
    assert not given.success and "halved" not in given.message  # a rate that was given stays


@pytest.mark.parametrize("name", ["heavy_ball", "nesterov"])
def test_the_automatic_rate_of_momentum_with_batches_is_as_much_shorter_as_its_steps_add_up(name):
    plain = train(LINE, (X, Y), batch_size=5, epochs=1)
    result = train(LINE, (X, Y), name, batch_size=5, epochs=1, momentum=0.8)
    np.testing.assert_allclose(result.learning_rate, 0.2 * plain.learning_rate, rtol=1e-12)
    assert train(LINE, (X, Y), name, batch_size=5, epochs=40, momentum=0.8).success


def test_no_automatic_rate_where_there_is_no_limit():
    with pytest.raises(ValueError, match=r"'adam' has no stability limit .* give learning_rate="):
        train(LINE, (X, Y), "adam")
    with pytest.raises(ValueError, match=r"sharpness at the start is 0: .*another theta0"):
        train(LINE, (np.zeros((3, 1)), [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match=r"numbers, a function or 'auto', got 'automatic'"):
        train(LINE, (X, Y), learning_rate="automatic")


# --- Validation and stopping ----------------------------------------------------------------------


def test_a_fraction_is_held_out_and_never_trained_on():
    result = train(LINE, (X, Y), learning_rate=0.1, epochs=5, validation=0.3, seed=9)
    order = np.random.default_rng(9).spawn(3)[1].permutation(50)
    held, rest = np.sort(order[:15]), np.sort(order[15:])
    theta = np.zeros(3)
    for k in range(5):
        np.testing.assert_allclose(result.validation[k], numpy_loss(theta, X[held], Y[held]))
        np.testing.assert_allclose(result.loss[k], numpy_loss(theta, X[rest], Y[rest]))
        theta = theta - 0.1 * numpy_gradient(theta, X[rest], Y[rest])
    np.testing.assert_allclose(result.theta, theta, rtol=0, atol=1e-14)
    given = train(
        LINE, (X[rest], Y[rest]), learning_rate=0.1, epochs=5, validation=(X[held], Y[held])
    )
    np.testing.assert_array_equal(given.validation, result.validation)
    assert train(LINE, (X, Y), learning_rate=0.1, epochs=5).validation is None


@pytest.fixture(scope="module")
def overfitted():
    """A network that learns noise: the validation loss has its least in between."""
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(60, 8)), rng.integers(0, 2, 60)
    labels[:40] = features[:40, 0] > 0
    model = models.network(hidden=(30,))

    def run(**stop):
        return train(
            model, (features, labels), "adam", learning_rate=0.02, epochs=150, validation=0.4,
            seed=4, stop=stop,
        )  # fmt: skip

    return model, run


def test_the_best_parameters_are_those_of_the_least_validation_loss(overfitted):
    _, run = overfitted
    result = run()
    best = np.argmin(result.validation)
    assert 0 < best < 100  # it overfits
    assert result.validation[-1] > 1.2 * result.validation[best]
    assert result.best_epoch == result.epoch[best]
    assert abs(result.best - result.theta).max() > 0.01
    shorter = run(when=lambda epoch, theta: epoch == best)
    assert shorter.stopped_by == "when"
    np.testing.assert_array_equal(shorter.theta, result.best)


def test_patience_counts_the_looks_since_the_best(overfitted):
    _, run = overfitted
    whole = run()
    least = np.minimum.accumulate(whole.validation)
    since = np.arange(151) - np.maximum.accumulate(
        np.where(np.diff(least, prepend=np.inf) < 0, np.arange(151), 0)
    )
    for patience in (1, 5, 20):
        result = run(patience=patience)
        assert result.stopped_by == "patience"
        assert result.epoch[-1] == np.flatnonzero(since == patience)[0]
        np.testing.assert_array_equal(result.validation, whole.validation[: len(result.epoch)])


def test_each_criterion_stops_at_its_first_look():
    def run(**stop):
        return train(LINE, (X, Y), learning_rate=0.1, epochs=400, stop=stop)

    whole = run()
    by_norm = run(gradient_norm=1e-3)
    assert by_norm.epoch[-1] == np.flatnonzero(whole.gradient_norm <= 1e-3)[0]
    by_loss = run(loss=0.1)
    assert by_loss.epoch[-1] == np.flatnonzero(whole.loss <= 0.1)[0]
    by_change = run(relative_change=1e-3)
    before = run(when=lambda epoch, theta: epoch == by_change.epoch[-1] - 1).theta
    size = np.linalg.norm(by_change.theta)
    assert np.linalg.norm(by_change.theta - before) <= 1e-3 * size
    assert by_change.epoch[-1] > 10
    assert [r.stopped_by for r in (by_norm, by_loss, by_change)] == [
        "gradient_norm", "loss", "relative_change",
    ]  # fmt: skip
    assert run(gradient_norm=1e-3, loss=0.1).epoch[-1] == min(by_norm.epoch[-1], by_loss.epoch[-1])
    at_once = run(loss=1e9)
    assert at_once.steps == 0 and at_once.success


def test_the_time_allowed_is_kept():
    result = train(
        LINE, (X, Y), learning_rate=1e-9, batch_size=1, epochs=10**9, validate_every=10**9,
        stop={"seconds": 0.2},
    )  # fmt: skip
    assert result.stopped_by == "seconds" and 0 < result.steps < 10**10
    assert result.epoch[-1] == result.steps / 50
    assert "0.2 seconds" in result.message


def test_divergence_is_a_result():
    with interpreted_overflow():
        result = train(LINE, (X, Y), learning_rate=50.0, epochs=5000)
    assert result.stopped_by == "failed" and not result.success
    assert "smaller" in result.message
    assert np.isfinite(result.theta).all()
    np.testing.assert_array_equal(result.best, np.zeros(3))
    rising = train(LINE, (X, Y), learning_rate=3.0, epochs=30)
    assert rising.stopped_by == "epochs" and not rising.success
    assert "The loss rose from" in rising.message


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_success_is_a_loss_that_did_not_end_above_its_start(unit):
    """Just below and just above the limit; and where nothing but rounding is left."""
    data = X, unit * Y
    limit = 2 / np.linalg.eigvalsh(X.T @ X / 50)[-1]
    for factor, success in [(0.999, True), (1.1, False)]:
        result = train(LINE, data, learning_rate=factor * limit, epochs=300)
        assert result.success == success == (result.loss[-1] <= result.loss[0])
        assert ("The loss rose" in result.message) != success
    exact = X, unit * (X @ [1.0, 2.0, 3.0])  # the least loss is 0, up to rounding
    solved = train(LINE, exact, learning_rate=0.5 * limit, epochs=5000).theta
    again = [train(LINE, exact, learning_rate=0.5 * limit, epochs=n, theta0=solved) for n in (1, 9)]
    assert all(result.success for result in again)


SCRIPT = """
import numpy as np
from odelib import models, train
from odelib.training.descent import Descent

running, advance = [], Descent._advance
def watched(self, budget):
    running[:] = [self]
    return advance(self, budget)
Descent._advance = watched

X = np.random.default_rng(0).normal(size=(40, 2))
data = X, X[:, 0]
settings = dict(learning_rate=1e-9, batch_size=4, validate_every=10**9)
ctrl_c_when(lambda: running and running[0].steps_taken > 100)
result = train(models.least_squares(), data, epochs=10**9, **settings)
print(result.stopped_by, result.success, result.steps > 100, len(result.loss))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_returns_what_there_is():
    said, warned = interrupted(SCRIPT)
    assert said == ["interrupted False True 2"], warned


# --- The progress bar -----------------------------------------------------------------------------


def test_the_bar_shows_the_losses(capsys):
    pytest.importorskip("tqdm", reason="tqdm is an extra")
    result = train(LINE, (X, Y), learning_rate=0.1, epochs=7, validation=0.2, progress=True)
    shown = capsys.readouterr().err
    assert "7/7" in shown
    assert f"loss={result.loss[-1]:.4g}" in shown
    assert f"validation={result.validation[-1]:.4g}" in shown


def test_without_tqdm_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install tqdm"):
        train(LINE, (X, Y), learning_rate=0.1, epochs=1, progress=True)
    train(LINE, (X, Y), learning_rate=0.1, epochs=1)  # not needed otherwise


def test_the_result_prints_what_matters():
    text = repr(train(LINE, (X, Y), epochs=3, validation=0.2))
    for part in ("All 3 epochs", "loss: ", "validation: ", "sharpness", "learning rate"):
        assert part in text


# --- Bad arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"model": "line"}, TypeError, r"model must be one of odelib.models, got str"),
        ({"method": "sgd"}, ValueError, r"method must be one of 'gd', .*; got 'sgd'"),
        ({"data": (X, Y[:-1])}, ValueError, r"50"),
        ({"data": (X, np.where(Y > 0, Y, np.nan))}, ValueError, r"y"),
        ({"batch_size": 51}, ValueError, r"batch_size must be at most the 50 rows, got 51"),
        ({"batch_size": 0}, ValueError, r"batch_size must be at least 1, got 0"),
        ({"epochs": -1}, ValueError, r"epochs must be at least 0, got -1"),
        ({"epochs": 1.5}, TypeError, r"epochs must be a whole number, got 1.5"),
        ({"validate_every": 0}, ValueError, r"validate_every must be at least 1"),
        ({"validation": 1.0}, ValueError, r"a fraction that leaves rows on both sides"),
        ({"validation": 1e-4}, ValueError, r"a fraction that leaves rows on both sides"),
        ({"validation": (X[:, :2], Y)}, ValueError, r"X has 2 columns, the data's 3"),
        ({"theta0": [0.0]}, ValueError, r"theta must have shape \(3,\)"),
        ({"theta0": [0.0, 0.0, np.nan]}, ValueError, r"got theta0\[2\] = nan"),
        ({"stop": {"patience": 3}}, ValueError, r"watches the validation loss: give validation="),
        ({"stop": {"patient": 3}}, ValueError, r"'patience'; got 'patient'"),
        ({"average_from": -1}, ValueError, r"average_from must be at least 0"),
        ({"momentum": 0.9}, TypeError, r"train\(\) got an unexpected keyword argument 'momentum'"),
    ],
)
def test_bad_arguments_are_named_with_their_value(changed, kind, message):
    arguments = {"model": LINE, "data": (X, Y), "learning_rate": 0.1, "epochs": 2}
    with pytest.raises(kind, match=message):
        train(**arguments | changed)


def test_validation_data_that_do_not_fit():
    with pytest.raises(ValueError, match="label 2, the data have labels up to 1"):
        train(models.softmax(), (X, LABELS), validation=(X, THREE))
    two, one = np.column_stack([Y, Y]), Y[:, None]
    network = models.network(hidden=(), loss="squared")
    with pytest.raises(ValueError, match=r"y has shape \(50, 1\), the data's \(50, 2\)"):
        train(network, (X, two), validation=(X, one))
    rare = np.zeros(50, dtype=int)
    rare[3] = 1
    seed = next(
        s for s in range(20) if 3 in np.random.default_rng(s).spawn(3)[1].permutation(50)[:25]
    )
    with pytest.raises(ValueError, match="no row of class 1 is left to train on"):
        train(models.logistic(), (X, rare), validation=0.5, epochs=0, seed=seed)
    weights = np.zeros(50)
    weights[3] = 1.0
    with pytest.raises(ValueError, match="all weights of a part are 0"):
        train(LINE, (X, Y, weights), validation=0.5)
