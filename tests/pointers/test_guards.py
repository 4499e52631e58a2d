"""Nothing writes, and no answer depends on, memory beyond the buffers of a solve.

Every array that a solve allocates is cut out of a larger one, between two guard regions that hold
a pattern. Whatever the right-hand side does, the guards must be as they were.
"""

import importlib
import types

import numba
import numpy as np
import pytest

from odelib import METHODS, OPTIMIZERS, ensemble, minimize, rhs, solve_ivp

JIT = not numba.config.DISABLE_JIT
GUARD = 64  # bytes on either side


class NumpyWith:
    """The module numpy with some of its functions replaced."""

    def __init__(self, replaced):
        self.replaced = replaced

    def __getattr__(self, name):
        return getattr(self.replaced, name, None) or getattr(np, name)


class Guarded:
    """Stands in for numpy where odelib allocates; remembers what it handed out."""

    def __init__(self):
        self.blocks = []

    def allocate(self, shape, dtype=float, fill=0xA5):
        """An array full of the byte `fill`, between its guards."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        # not the same in every block: what is copied from guard to guard must be seen
        pattern = 1 + 37 * len(self.blocks) % 255
        block = np.full(size + 2 * GUARD, pattern, dtype=np.uint8)
        block[GUARD : GUARD + size] = fill
        self.blocks.append((block, pattern))
        return block[GUARD : GUARD + size].view(dtype).reshape(shape)

    def zeros(self, shape, dtype=float):
        return self.allocate(shape, dtype, fill=0)

    def copied(self, array):
        array = np.asarray(array)
        copy = self.allocate(array.shape, array.dtype)
        copy[...] = array
        return copy

    def module(self):
        """What stands in for the module numpy."""
        replaced = types.SimpleNamespace(empty=self.allocate, zeros=self.zeros)
        replaced.full = lambda *args, **kwargs: self.copied(np.full(*args, **kwargs))
        replaced.tile = lambda *args: self.copied(np.tile(*args))
        replaced.array = lambda *args, **kwargs: self.copied(np.array(*args, **kwargs))
        replaced.where = lambda *args: self.copied(np.where(*args))
        return NumpyWith(replaced)

    def untouched(self):
        """Whether every guard still holds the pattern."""
        return all(
            (block[:GUARD] == pattern).all() and (block[-GUARD:] == pattern).all()
            for block, pattern in self.blocks
        )


@pytest.fixture
def guarded(monkeypatch):
    """Guards round all that a solve, an ensemble or a descent allocates, and round args."""
    guarded = Guarded()
    solving, bind, ivp, workers, descent, border = (
        importlib.import_module(f"odelib.{name}")
        for name in (
            "solving.solve",
            "fields.rhs",
            "solving.ivp",
            "solving.workers",
            "training.descent",
            "training.arguments",
        )
    )
    for module in solving, bind, workers, descent:
        monkeypatch.setattr(module, "np", guarded.module())
    monkeypatch.setattr(
        workers, "_own_cache_lines", guarded.copied
    )  # without its own room on either side
    # the problem's own arrays: y0, or theta0, which is copied; the tolerances and t_eval
    problem = solving.Problem

    class State(np.ndarray):
        def copy(self):
            return guarded.copied(np.asarray(self))

    def guarded_problem(*fields):
        made = problem(*fields)
        arrays = ("y0", "t_eval", "directions", "terminals")
        mine = {name: getattr(made, name) for name in arrays}
        return made._replace(
            tolerances=made.tolerances._make(map(guarded.copied, made.tolerances)),
            **{name: guarded.copied(mine[name]) for name in arrays if mine[name] is not None},
        )

    monkeypatch.setattr(ivp, "Problem", guarded_problem)
    check_theta0 = border.check_theta0
    monkeypatch.setattr(border, "check_theta0", lambda theta: check_theta0(theta).view(State))
    return guarded


# --- Right-hand sides, compiled once: `kind` says what they do that they should not ---------------

GOOD = 0
RETURNS = {"too many": 1, "too few": 2}
LEAVES = {"reads beyond y": 3, "reads before y": 4, "writes beyond y": 5, "writes beyond args": 6}
IN_PLACE_LEAVES = {"writes beyond dy": 7, "writes before dy": 8, "writes beyond the args": 6}


def wild(t, y, kind, out, a):
    n = len(y)
    if kind == 1:
        return np.zeros(n + 5, y.dtype)
    if kind == 2:
        return np.zeros(n - 1, y.dtype)
    if kind == 3:
        return y * y[n + out]
    if kind == 4:
        return y * y[-n - 1 - out]
    if kind == 5:
        y[n + out] = 7.0
    if kind == 6:
        a[len(a) + out] = 7.0
    return -a[0] * y


def wild_in_place(t, y, dy, kind, out, a):
    for j in range(len(y)):
        dy[j] = -a[0] * y[j]
    if kind == 6:
        a[len(a) + out] = 7.0
    if kind == 7:
        dy[len(dy) + out] = 7.0
    if kind == 8:
        dy[-len(dy) - 1 - out] = 7.0


FORMS = {
    "compiled": rhs(wild),
    "python": wild,
    "compiled, in place": rhs(wild_in_place, inplace=True),
}
WRONG = [("compiled", kind, ValueError) for kind in RETURNS.items()]
WRONG += [("compiled", kind, IndexError) for kind in LEAVES.items()]
WRONG += [("compiled, in place", kind, IndexError) for kind in IN_PLACE_LEAVES.items()]


def crossing(t, y, kind, out, a):
    return y[0].real - 0.5


def ticking(t, y, kind, out, a):  # many events: their room must grow
    return (t * 97.0) % 1.0 - 0.5


crossing_compiled, ticking_compiled = rhs(crossing), rhs(ticking)

each_method = pytest.mark.parametrize("method", METHODS)


def arguments(guarded, method, *, is_complex=False, n=4, kind=GOOD, out=0):
    adaptive = METHODS[method].adaptive
    step = {"rtol": 1e-7, "atol": 1e-9} if adaptive else {"step": 1 / 97 if JIT else 1 / 29}
    y0 = np.arange(1.0, n + 1) * (1 + 0.5j if is_complex else 1)
    args = (kind, out, guarded.copied(np.ones(3)))
    return dict(t_span=(0.0, 1.0), y0=y0, method=method, args=args, **step)


@each_method
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("form", ["compiled", "python"])
def test_a_solve_stays_within_its_buffers(guarded, method, is_complex, form):
    options = arguments(guarded, method, is_complex=is_complex)
    plain = solve_ivp(FORMS[form], **options)
    for more in (
        {"dense_output": True},
        {"t_eval": np.linspace(0, 1, 7)},
        {"events": [crossing_compiled, ticking_compiled]},
        {"events": [crossing, ticking], "dense_output": True, "t_eval": [0.5, 1.0]},
        {"max_steps": 3},
    ):
        sol = solve_ivp(FORMS[form], **options, **more)
        assert sol.success or "max_steps" in more
        assert guarded.untouched(), more
        if "t_eval" not in more:
            np.testing.assert_array_equal(sol.y, plain.y[:, : len(sol.t)])
    assert len(guarded.blocks) > 60


@each_method
def test_the_in_place_form_stays_within_its_buffers(guarded, method):
    options = arguments(guarded, method)
    sol = solve_ivp(FORMS["compiled, in place"], **options, dense_output=True)
    np.testing.assert_array_equal(sol.y, solve_ivp(FORMS["compiled"], **options).y)
    assert guarded.untouched()


@each_method
@pytest.mark.parametrize(("form", "kind", "error"), WRONG, ids=lambda case: str(case)[:30])
def test_a_wrong_right_hand_side_is_stopped_before_it_leaves_its_buffers(
    guarded, method, form, kind, error
):
    for out in 0, 5, 2**40:
        with pytest.raises(error):
            solve_ivp(FORMS[form], **arguments(guarded, method, kind=kind[1], out=out))
        assert guarded.untouched(), out


@each_method
@pytest.mark.parametrize("n", [1, 2, 8, 9, 33])
def test_no_size_is_special(guarded, method, n):
    """Vector code works in groups of 2, 4 or 8: the last, smaller group must not be rounded up."""
    n += n % 2 if METHODS[method].halves else 0  # they want two halves
    for is_complex in False, True:
        options = arguments(guarded, method, n=n, is_complex=is_complex)
        solve_ivp(FORMS["compiled"], **options, max_steps=9)
        assert guarded.untouched()


@each_method
@pytest.mark.parametrize("form", ["compiled", "compiled, in place"])
def test_an_ensemble_stays_within_its_buffers(guarded, method, form):
    """Row 1 of 3 does what it should not: it fails alone, and its neighbours are as they were."""
    options = arguments(guarded, method)
    kind, out, a = options.pop("args")
    starts = guarded.copied(np.tile(options.pop("y0"), (3, 1)) * [[1.0], [1.5], [2.0]])
    wrong = [kind for f, (_, kind), _ in WRONG if f == form]
    whole = ensemble(FORMS[form], y0s=starts, args=(kind, out, a), threads=2, **options)
    assert whole.success.all() and guarded.untouched()
    for kind in wrong:
        kinds = guarded.copied(np.array([GOOD, kind, GOOD]))
        for more in {}, {"t_eval": guarded.copied(np.linspace(0, 1, 5))}:
            sol = ensemble(
                FORMS[form], y0s=starts, args=(kinds, out, a), vary=0, threads=2, **options, **more
            )
            assert sol.status.tolist() == [0, -1, 0]
            assert guarded.untouched(), kind
            ends = sol.y[..., -1] if more else sol.y
            np.testing.assert_array_equal(ends[[0, 2]], whole.y[[0, 2]])


@numba.njit
def slope(theta, kind):
    return np.concatenate((theta, np.ones(1))) if kind == 1 else theta[1:] if kind == 2 else +theta


@numba.njit
def half_square(theta, kind):
    return 0.5 * np.sum(theta * theta)


@numba.njit
def identity_matrix(theta, kind):
    return np.eye(len(theta))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("method", OPTIMIZERS)
def test_a_descent_stays_within_its_buffers(guarded, method, n):
    row = OPTIMIZERS[method]
    more = {"hessian": identity_matrix} if row.rule else {}
    more |= {"clip": 0.5, "weight_decay": 0.1} if row.weight_decay is not None else {}
    options = dict(theta0=np.arange(1.0, n + 1), method=method, learning_rate=0.1, steps=40, **more)
    run = minimize(
        slope, fun=half_square, args=(GOOD,), trajectory=True, every=3, average_from=5, **options
    )
    assert run.success and run.gradient_norm[-1] < run.gradient_norm[0]
    assert guarded.untouched()
    assert len(guarded.blocks) > 12
    for kind in RETURNS.values():
        with pytest.raises(ValueError, match="grad must return shape"):
            minimize(slope, args=(kind,), **options)
        assert guarded.untouched(), kind


@pytest.mark.skipif(not JIT, reason="an index of plain Python is always checked")
def test_the_guards_see_a_write_that_nothing_stops(guarded):
    """The control: with boundscheck=False the same function does leave its buffer."""
    unchecked = rhs(wild_in_place, inplace=True, boundscheck=False)
    beyond = IN_PLACE_LEAVES["writes beyond dy"]
    n = 3  # K has room for two stages: dy[2n] is in the guard behind it
    options = arguments(guarded, "Euler", n=n, kind=beyond, out=n)
    solve_ivp(unchecked, **options, max_steps=1)
    assert not guarded.untouched()
