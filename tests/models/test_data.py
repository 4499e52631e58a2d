"""Bad data get an error that says what is wrong, where, and what to do; nothing broadcasts."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from odelib import models
from odelib.models.data import check_weights

REGRESSION, BINARY, CLASSES = models.least_squares(), models.logistic(), models.softmax()
OUTPUTS = models.network(hidden=(3,), loss="squared")

X = np.arange(12.0).reshape(6, 2)
Y = np.arange(6.0)
TWO = np.array([0, 1, 0, 1, 0, 1])
THREE = np.array([0, 1, 2, 0, 1, 2])


def with_entry(array, place, value):
    array = np.array(array, dtype=np.result_type(array, type(value)))
    array[place] = value
    return array


BAD = {
    "no pair": (
        REGRESSION, X, TypeError, r"data must be \(X, y\) or \(X, y, weights\), got ndarray",
    ),
    "four": (REGRESSION, (X, Y, Y, Y), TypeError, "got tuple of 4"),
    "nan in X": (
        REGRESSION, (with_entry(X, (3, 1), np.nan), Y), ValueError,
        r"X must be finite, got 1 of 12 entries that are not, first X\[3, 1\] = nan; drop",
    ),
    "inf in X": (REGRESSION, (with_entry(X, (2, 0), -np.inf), Y), ValueError, r"X\[2, 0\] = -inf"),
    "nan in y": (REGRESSION, (X, with_entry(Y, 4, np.nan)), ValueError, r"y\[4\] = nan"),
    "nan label": (BINARY, (X, with_entry(TWO, 4, np.nan)), ValueError, r"y\[4\] = nan"),
    "nan weight": (REGRESSION, (X, Y, with_entry(Y, 0, np.nan)), ValueError, r"weights\[0\] = nan"),
    "column y": (
        REGRESSION, (X, Y[:, None]), ValueError,
        r"y must have shape \(6,\).* got \(6, 1\).*broadcast to \(6, 6\). Pass y.ravel\(\)",
    ),
    "row y": (REGRESSION, (X, Y[None]), ValueError, r"broadcast to \(6, 6\)"),
    "column of labels": (BINARY, (X, TWO[:, None]), ValueError, r"Pass y.ravel\(\)"),
    "column of weights": (REGRESSION, (X, Y, Y[:, None]), ValueError, r"Pass weights.ravel\(\)"),
    "short y": (REGRESSION, (X, Y[:5]), ValueError, r"as X has 6 rows; got \(5,\)"),
    "short outputs": (OUTPUTS, (X, Y[:5]), ValueError, r"as X has 6 rows; got \(5, 1\)"),
    "outputs on their side": (OUTPUTS, (X, Y[None]), ValueError, r"\(6, outputs\).* got \(1, 6\)"),
    "number y": (REGRESSION, (X, 3.0), ValueError, r"got \(\)"),
    "transposed X": (REGRESSION, (X.T, Y), ValueError, r"y must have shape \(2,\)"),
    "1-D X": (REGRESSION, (X[:, 0], Y), ValueError, r"one feature is X\[:, None\]"),
    "3-D X": (REGRESSION, (X[None], Y), ValueError, r"got \(1, 6, 2\)"),
    "no rows": (REGRESSION, (X[:0], Y[:0]), ValueError, r"X is empty: it has shape \(0, 2\)"),
    "no features": (REGRESSION, (X[:, :0], Y), ValueError, r"shape \(6, 0\)"),
    "one class": (BINARY, (X, np.ones(6)), ValueError, "one class only: all 6 labels are 1"),
    "one class of many": (CLASSES, (X, np.zeros(6, int)), ValueError, "one class only"),
    "labels 1, 2": (
        BINARY, (X, TWO + 1), ValueError, r"0 and 1 or -1 and 1; got 1, 2. Choose the class",
    ),
    "three for two": (BINARY, (X, THREE), ValueError, "got 0, 1, 2"),
    "0 and -1": (BINARY, (X, TWO - 1), ValueError, "got -1, 0"),
    "half a label": (BINARY, (X, with_entry(TWO, 5, 0.5)), ValueError, r"first y\[5\] = 0.5"),
    "labels from 1": (
        CLASSES, (X, THREE + 1), ValueError, r"got 1, 2, 3. Number .* np.unique\(y, return_inverse",
    ),
    "a label left out": (CLASSES, (X, 2 * THREE), ValueError, "got 0, 2, 4"),
    "a negative label": (CLASSES, (X, THREE - 1), ValueError, "got -1, 0, 1"),
    "one-hot": (CLASSES, (X, np.eye(6)), ValueError, r"one-hot, pass y.argmax\(axis=1\)"),
    "strings": (
        CLASSES, (X, np.array(["cat", "dog"] * 3)), TypeError, r"dtype <U3, first y\[0\] = 'cat'",
    ),
    "objects": (
        REGRESSION, ([[1.0, 2.0]] * 5 + [[1.0, None]], Y), TypeError,
        r"dtype object, first X\[5, 1\] = None; convert it with astype\(float\)",
    ),
    "complex": (REGRESSION, (X + 1j, Y), TypeError, r"must be real, got complex128; pass X.real"),
    "ragged": (REGRESSION, ([[1.0], [1.0, 2.0]], Y), ValueError, "rows of different lengths"),
    "sparse": (
        REGRESSION, (sparse.csr_array(X), Y), TypeError, r"X is sparse \(csr_array\); pass X",
    ),
    "masked": (
        REGRESSION, (np.ma.masked_equal(X, 3.0), Y), TypeError, "X has masked entries; drop",
    ),
    "integers beyond float64": (
        REGRESSION, (X, with_entry(Y.astype(int), 2, 2**53 + 1)), ValueError,
        r"integers beyond 2\*\*53 .* first y\[2\] = 9007199254740993; rescale",
    ),
    "integers beyond int64": (
        REGRESSION, (X, [2**70, 1, 2, 3, 4, 5]), TypeError, "dtype object.*y\\[0\\]",
    ),
    "squares overflow": (
        REGRESSION, (with_entry(X, (1, 1), 1e200), Y), ValueError, r"X\[1, 1\] = 1e\+200; rescale",
    ),
    "negative weight": (REGRESSION, (X, Y, Y - 1), ValueError, r"weights\[0\] = -1.0"),
    "weights of zero": (REGRESSION, (X, Y, 0 * Y), ValueError, "weights are all 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_named_with_place_and_remedy(case):
    model, data, error, words = BAD[case]
    with pytest.raises(error, match=words):
        model.check(data)


def test_the_same_data_without_the_fault_pass():
    for model, data in [(REGRESSION, (X, Y)), (BINARY, (X, TWO)), (CLASSES, (X, THREE, Y))]:
        model.check(data)


@pytest.mark.parametrize("model", [REGRESSION, BINARY, CLASSES, OUTPUTS])
@pytest.mark.parametrize("shape", [(6, 6), (6, 1), (1, 6), (1,), (), (5,), (2, 6)])
def test_no_shape_of_targets_broadcasts(model, shape):
    """Whatever passes has one target row for each row of X, and the loss is of six rows."""
    y = np.resize(TWO, shape)
    try:
        rows, targets, _ = model.check((X, y))
    except ValueError:
        return
    assert model is OUTPUTS and shape in [(6, 1), (6, 6)]
    assert targets.shape == (6, y.shape[1])
    assert model.scores(np.zeros(model.size(rows, targets)), rows, *model.args).shape == y.shape


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="the compiler refuses them")
def test_labels_of_another_shape_do_not_broadcast_where_nothing_checks_them():
    labels, weights = np.zeros((6, 1), dtype=np.int64), np.ones(6)
    for function in CLASSES.loss, CLASSES.gradient:
        with pytest.raises(numba.core.errors.TypingError):
            function(np.zeros(6), X, labels, weights, *CLASSES.args)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.uint64, np.float32, bool])
def test_small_integers_cannot_wrap_around(kind):
    rows, y, _ = REGRESSION.check((np.array([[1], [0]], kind), np.array([0, 1], kind)))
    assert rows.dtype == y.dtype == float
    gradient = REGRESSION.gradient(np.array([-200.0]), rows, y, np.ones(2), *REGRESSION.args)
    assert gradient == [-100.0]


def test_what_passes_is_contiguous_writable_float64():
    frozen = X.copy()
    frozen.flags.writeable = False
    for given in (X.T.copy().T, X[::-1], frozen, X.astype(">f8"), X.tolist()):
        rows, _, w = REGRESSION.check((given, Y))
        assert rows.dtype == float and rows.flags.c_contiguous and rows.flags.writeable
        assert_array_equal(rows, given)
        assert_array_equal(w, np.ones(6))
    assert REGRESSION.check((X, Y))[0] is X  # nothing is copied without need


def test_labels_may_be_booleans_floats_or_signs():
    for labels in (TWO == 1, TWO.astype(float), TWO.astype(np.uint8), 2 * TWO - 1):
        assert_array_equal(BINARY.check((X, labels))[1], 2.0 * TWO - 1)
    classes = CLASSES.check((X, THREE.astype(float)))[1]
    assert classes.dtype == np.int64
    assert_array_equal(classes, THREE)


def test_validation_data_may_lack_a_class():
    assert_array_equal(BINARY.check((X, np.ones(6)), training=False)[1], np.ones(6))
    assert_array_equal(CLASSES.check((X, [2] * 6), training=False)[1], [2] * 6)
    with pytest.raises(ValueError, match="got -1, 2"):
        CLASSES.check((X, [2, -1, 2, 2, 2, 2]), training=False)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e100])
def test_weights_have_mean_one_at_any_scale(scale):
    w = check_weights(scale * np.array([1.0, 2.0, 3.0]), 3)
    np.testing.assert_allclose(w, [0.5, 1.0, 1.5], rtol=1e-14)


def test_intercept_is_a_column_of_ones_in_front():
    rows, _, _ = models.least_squares(intercept=True).check((X, Y))
    assert_array_equal(rows, np.column_stack([np.ones(6), X]))
