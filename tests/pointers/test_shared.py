"""Functions that Python and compiled code share: the same numbers both ways, compiled once."""

import pickle

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import compilations
from odelib import models
from odelib.pointers import DISABLED, shared
from odelib.pointers.identity import identity

needs_compiler = pytest.mark.skipif(DISABLED, reason="speaks of compiled code: NUMBA_DISABLE_JIT=1")


@shared(lambda x, *rest: ())
def norm(x, power):
    return np.sum(np.abs(x) ** power) ** (1.0 / power)


@shared(lambda X, v: (len(X),))
def product(X, v):
    return np.dot(X, v)


@shared(lambda x: (len(x) + 1,))
def of_another_shape(x):
    return 2.0 * x


@numba.njit
def from_compiled_code(X, v):
    return product(X, v), norm(v, 3.0)


def test_python_and_compiled_code_get_the_same_bits():
    rng = np.random.default_rng(0)
    X, v = rng.normal(size=(5, 3)), rng.normal(size=3)
    there = from_compiled_code(X, v)
    assert_array_equal(product(X, v), there[0])
    assert norm(v, 3.0) == there[1]
    assert isinstance(norm(v, 3.0), float)


def test_from_python_what_is_not_contiguous_or_of_other_numbers_is_copied():
    X, v = np.arange(12.0).reshape(4, 3), [1, 2, 3]
    expected = X.T[:, :3] @ np.array([1.0, 2.0, 3.0])
    assert_array_equal(product(X.T[:, :3], np.array(v, np.float32)), expected)
    if not DISABLED:
        assert norm([3.0, -4.0], 2.0) == norm((3, -4), 2) == 5.0


def test_what_the_function_raises_is_raised():
    with pytest.raises(ValueError, match="incompatible|not aligned"):
        product(np.ones((4, 3)), np.ones(2))
    assert_array_equal(product(np.ones((4, 2)), np.ones(2)), np.full(4, 2.0))


@needs_compiler
def test_another_shape_than_was_said_is_an_error():
    with pytest.raises(RuntimeError, match=r"of_another_shape did not return .* shape \(4,\)"):
        of_another_shape(np.ones(3))


@needs_compiler
def test_a_pickled_function_is_the_same_one():
    again = pickle.loads(pickle.dumps(product))
    assert again is product
    model = pickle.loads(pickle.dumps(models.ridge(0.1).loss))
    assert model is models.ridge(0.2).loss


@needs_compiler
def test_what_a_loss_is_known_by_changes_with_what_it_calls_in_another_file():
    texts = [identity(model.gradient) for model in (models.ridge(0.1), models.logistic())]
    assert None not in texts and len(set(texts)) == 2  # the functions differ in their loss only
    one, other = (
        model.gradient.py_func.__code__ for model in (models.ridge(0.1), models.logistic())
    )
    assert one == other


TRAINING = """
import numpy as np
from odelib import models, train
rng = np.random.default_rng(0)
model = models.network(hidden=(3,))
result = train(model, (rng.normal(size=(20, 2)), np.arange(20) % 3), "adam", learning_rate=0.01,
               epochs=3)
typed = sum(len(function.overloads) for function in (model.loss, model.gradient))
print(len(kinds), typed, result.loss[-1].hex())
"""


@needs_compiler
@pytest.mark.slow
def test_a_model_that_was_trained_before_is_compiled_by_no_later_process(tmp_path):
    first, then = (
        compilations.said(compilations.start(TRAINING, cache=tmp_path))[0] for _ in range(2)
    )
    assert int(first[0]) >= 3  # the loss, its gradient, the loop
    assert then[:2] == ("0", "0")
    assert then[2] == first[2]
