"""Linear systems within a kernel: LU decomposition with partial pivoting, real and complex.

A complex matrix is two real ones, its real and its imaginary part. A matrix that is singular gives
numbers that are not finite, and the caller sees them in the solution.

References
----------
Golub, Van Loan, *Matrix Computations*, 4th ed., Johns Hopkins 2013, algorithm 3.4.1.
"""

from odelib.pointers import called


@called
def decompose(A, pivots):
    """Replace A (n, n) by L and U of its rows in the order of `pivots` (n,)."""
    n = len(pivots)
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[best, k]):
                best = i
        pivots[k] = best
        if best != k:
            for j in range(n):
                A[k, j], A[best, j] = A[best, j], A[k, j]
        for i in range(k + 1, n):
            if A[i, k] != 0.0:
                factor = A[i, k] / A[k, k]
                A[i, k] = factor
                for j in range(k + 1, n):
                    A[i, j] -= factor * A[k, j]


@called
def solve(A, pivots, b):
    """Replace b (n,) by the solution of A x = b; A and pivots are what `decompose` made."""
    n = len(pivots)
    for k in range(n):
        b[k], b[pivots[k]] = b[pivots[k]], b[k]
    for i in range(n):
        for j in range(i):
            b[i] -= A[i, j] * b[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            b[i] -= A[i, j] * b[j]
        b[i] /= A[i, i]


@called
def decompose_complex(re, im, pivots):
    """`decompose` for re + i·im; |re| + |im| is the size of a pivot."""
    n = len(pivots)
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(re[i, k]) + abs(im[i, k]) > abs(re[best, k]) + abs(im[best, k]):
                best = i
        pivots[k] = best
        if best != k:
            for j in range(n):
                re[k, j], re[best, j] = re[best, j], re[k, j]
                im[k, j], im[best, j] = im[best, j], im[k, j]
        for i in range(k + 1, n):
            if re[i, k] != 0.0 or im[i, k] != 0.0:
                a, b = quotient(re[i, k], im[i, k], re[k, k], im[k, k])
                re[i, k], im[i, k] = a, b
                for j in range(k + 1, n):
                    re[i, j] -= a * re[k, j] - b * im[k, j]
                    im[i, j] -= a * im[k, j] + b * re[k, j]


@called
def solve_complex(re, im, pivots, x, y):
    """Replace x + i·y by the solution, as `solve` does."""
    n = len(pivots)
    for k in range(n):
        p = pivots[k]
        x[k], x[p] = x[p], x[k]
        y[k], y[p] = y[p], y[k]
    for i in range(n):
        for j in range(i):
            x[i] -= re[i, j] * x[j] - im[i, j] * y[j]
            y[i] -= re[i, j] * y[j] + im[i, j] * x[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            x[i] -= re[i, j] * x[j] - im[i, j] * y[j]
            y[i] -= re[i, j] * y[j] + im[i, j] * x[j]
        x[i], y[i] = quotient(x[i], y[i], re[i, i], im[i, i])


@called
def quotient(a, b, c, d):
    """(a + ib) / (c + id), scaled so that nothing overflows on the way."""
    if abs(c) >= abs(d):
        r = d / c
        s = c + d * r
        return (a + b * r) / s, (b - a * r) / s
    r = c / d
    s = c * r + d
    return (a * r + b) / s, (b * r - a) / s
