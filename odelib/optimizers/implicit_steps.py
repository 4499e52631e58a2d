"""Steps of an optimizer that solve a linear system with the Hessian, or an implicit equation.

The matrix is factorised here by elimination with partial pivoting: there are no more parameters
than one writes a Hessian for, and LAPACK would cost seconds of compilation.
"""

import numpy as np

from odelib.pointers import call_rhs, called, data

# How a step is made: by a method's step, by an update, or in one of the ways below.
EXPLICIT, UPDATE, NEWTON, LINEARLY_IMPLICIT, IMPLICIT, PROXIMAL_MAP = range(6)

# What a step says.
FINE, GRADIENT_FAILED, HESSIAN_FAILED, SINGULAR_MATRIX, NO_SOLUTION = range(5)

ITERATIONS = 50  # of Newton's method within one implicit step


@called
def solve_in_place(A, b, n):
    """Solve A x = b by elimination with row pivoting; x replaces b. False if A is singular."""
    for i in range(n):
        pivot = i
        for r in range(i + 1, n):
            if abs(A[r, i]) > abs(A[pivot, i]):
                pivot = r
        if not 0.0 < abs(A[pivot, i]) < np.inf:
            return False
        if pivot != i:
            for c in range(i, n):
                A[i, c], A[pivot, c] = A[pivot, c], A[i, c]
            b[i], b[pivot] = b[pivot], b[i]
        for r in range(i + 1, n):
            factor = A[r, i] / A[i, i]
            if factor != 0.0:
                for c in range(i + 1, n):
                    A[r, c] -= factor * A[i, c]
                b[r] -= factor * b[i]
    for i in range(n - 1, -1, -1):
        for c in range(i + 1, n):
            b[i] -= A[i, c] * b[c]
        b[i] /= A[i, i]
    return True


@called
def implicit_step(
    rule, alpha, t, grad, ctx, hessian, ctx_hessian, theta, K, theta_new, A, d, evaluations
):
    """Write the step's end into theta_new; returns (what it says, status of the C function).

    NEWTON             θ − α H⁻¹g                  Euler on the Newton flow
    LINEARLY_IMPLICIT  θ − α (I + αH)⁻¹g           one Newton iteration for the next line
    IMPLICIT           x with x = θ − α ∇L(x)      implicit Euler on the gradient flow
    PROXIMAL_MAP       prox(θ, α), given in the Hessian's place

    K holds the gradient at theta; A (n, n) and d (n,) are room; evaluations (2,) counts the
    further gradients, and the Hessians.
    """
    n = len(theta)
    if rule == PROXIMAL_MAP:
        status = call_rhs(hessian, alpha, data(theta), data(ctx_hessian), data(theta_new))
        evaluations[1] += 1
        return (HESSIAN_FAILED if status != 0 else FINE), status
    for j in range(n):
        theta_new[j] = theta[j]
    before = np.inf
    for i in range(ITERATIONS):
        if i > 0:
            status = call_rhs(grad, t, data(theta_new), data(ctx), data(K))
            evaluations[0] += 1
            if status != 0:
                return GRADIENT_FAILED, status
        status = call_rhs(hessian, t, data(theta_new), data(ctx_hessian), data(A))
        evaluations[1] += 1
        if status != 0:
            return HESSIAN_FAILED, status
        if rule != NEWTON:
            for r in range(n):
                for c in range(n):
                    A[r, c] *= alpha
                A[r, r] += 1.0
        for j in range(n):
            d[j] = alpha * K[j] + (theta_new[j] - theta[j])
        if not solve_in_place(A, d, n):
            return SINGULAR_MATRIX, 0
        moved, size = 0.0, 0.0
        for j in range(n):
            theta_new[j] -= d[j]
            moved = max(moved, abs(d[j]))
            size = max(size, abs(theta[j]), abs(theta_new[j]))
        if rule != IMPLICIT or moved <= 1e-15 * size:
            return FINE, 0
        if moved >= 0.5 * before and moved <= 1e-9 * size:  # only round-off is left
            return FINE, 0
        before = moved
    return NO_SOLUTION, 0
