"""What an implicit method keeps of its equations, as a group of its kernel."""

import numpy as np

from odelib.fields.rhs import Bound
from odelib.methods.implicit import CONSTANT, DIFFERENCES, MEMORY, TALLY, System

_NO_INTEGERS = np.empty(0, dtype=np.int64)


def system_of(row, jac, n):
    """The equations of an implicit method for n numbers, before anything is known of them."""
    known, ctx_jac, J = DIFFERENCES, _NO_INTEGERS, np.zeros((n, n))
    if isinstance(jac, Bound):
        known, ctx_jac = jac.address, jac.ctx
    elif jac is not None:
        known, J = CONSTANT, jac
    return System(
        jac=known, ctx_jac=ctx_jac, J=J, factors=np.zeros((row.matrices, n, n)),
        pivots=np.zeros((row.matrices, n), dtype=np.int64), work=np.zeros((row.rows, n)),
        memory=np.zeros(MEMORY), tally=np.zeros(TALLY, dtype=np.int64),
    )  # fmt: skip
