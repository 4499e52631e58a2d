"""What an implicit method keeps of its equations, as a group of its kernel."""

import numpy as np

from odelib.fields.rhs import Bound
from odelib.methods.implicit import CONSTANT, DIFFERENCES, MEMORY, TALLY, System


def unknown_system(n, matrices, rows):
    """The equations for n numbers, before anything is known of them; numba compiles it too."""
    return System(
        jac=DIFFERENCES, ctx_jac=np.empty(0, dtype=np.int64), J=np.zeros((n, n)),
        factors=np.zeros((matrices, n, n)), pivots=np.zeros((matrices, n), dtype=np.int64),
        work=np.zeros((rows, n)), memory=np.zeros(MEMORY), tally=np.zeros(TALLY, dtype=np.int64),
    )  # fmt: skip


def system_of(row, jac, n):
    """Those of a method's row, with the user's Jacobian: a function, a matrix, or None."""
    system = unknown_system(n, row.matrices, row.rows)
    if isinstance(jac, Bound):
        return system._replace(jac=jac.address, ctx_jac=jac.ctx)
    return system if jac is None else system._replace(jac=CONSTANT, J=jac)
