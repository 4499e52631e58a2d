"""The Jacobian ∂f/∂y of an implicit method, as a user gives it -> a C function, or a matrix."""

import numpy as np

from odelib import pointers
from odelib.fields.rhs import bind

_ROWS = "row i holds ∂f_i/∂y_j"


def bind_jacobian(jac, n, args, y_complex):
    """`jac(t, y, *args)` as a `Bound`, a constant matrix as numbers (n, n), None where not given.

    A complex matrix (n, n) becomes the real one (2n, 2n) of real and imaginary parts.

    Raises
    ------
    TypeError, ValueError
        It is neither a function nor a matrix of this shape, or cannot be compiled.
    """
    dtype = np.dtype(complex if y_complex else float)
    if jac is None:
        return None
    if not callable(jac):
        J = as_matrix(jac, n, dtype, "be")
        return np.ascontiguousarray(_real(J) if y_complex else J)

    def check(value):
        return as_matrix(value, n, dtype, "return")

    if pointers.is_compiled(jac):
        bound = bind(jac, n, args, y_complex=y_complex, outputs=n * n, matrix=True)
        return bound._replace(explain=lambda status, t, y: _explain(jac, args, check, t, y))
    return bind(
        lambda t, y, *given: check(jac(t, y, *given)).ravel(),
        n, args, y_complex=y_complex, outputs=n * n,
    )  # fmt: skip


def as_matrix(value, n, dtype, verb):
    """The matrix (n, n) as an array of this dtype; a sparse one is filled up with its zeros."""
    if value is None:
        raise TypeError("jac returned None; it must return ∂f/∂y (is a `return` missing?)")
    wanted = f"jac must {verb} a matrix of shape ({n}, {n}), where {_ROWS}"
    try:
        matrix = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{wanted}; got {value!r}") from None
    if matrix.dtype.kind not in "biuf" + "c" * (dtype.kind == "c"):
        raise TypeError(f"{wanted}, of {dtype} numbers; got dtype {matrix.dtype}")
    if matrix.shape != (n, n):
        raise ValueError(f"{wanted}; got shape {matrix.shape}")
    return matrix.astype(dtype)


def _explain(jac, args, check, t, y):
    """The exception behind a failed call of a compiled jac: it is called there again."""
    try:
        check(jac(t, y.copy(), *args))
    except BaseException as error:
        return error
    return RuntimeError(f"jac raised an exception at t = {t:.6g} that a second call did not raise")


def _real(J):
    """The real matrix (2n, 2n) that acts on pairs of real and imaginary part."""
    real = np.empty((2 * len(J), 2 * len(J)))
    real[::2, ::2] = real[1::2, 1::2] = J.real
    real[1::2, ::2], real[::2, 1::2] = J.imag, -J.imag
    return real


def check_sparsity(pattern, n):
    """The pattern of the Jacobian as an array (n, n) of bool; None where not given."""
    if pattern is None:
        return None
    array = np.asarray(pattern.toarray() if hasattr(pattern, "toarray") else pattern)
    if array.shape != (n, n) or array.dtype.kind not in "biufc":
        raise ValueError(
            f"jac_sparsity must have shape ({n}, {n}), not zero where ∂f_i/∂y_j may be; got "
            f"{array.dtype} of shape {array.shape}"
        )
    return array != 0
