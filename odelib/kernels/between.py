"""Between the ends of a step: the interpolant, and the events that happen there.

References
----------
Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
function without using derivatives", Adv. Eng. Softw. 28 (1997) 145–149,
doi:10.1016/S0965-9978(96)00051-8.
"""

from odelib.kernels.states import (
    DONE,
    EVENT,
    FAILED_EVENT,
    FOUND,
    RHS_FAILED,
    STATUS,
    STEPS,
    SUBDIVISIONS,
    T_FAILED,
)
from odelib.pointers import call_rhs, data, inlined, offset, words_at

EPS = 2.0**-52


@inlined
def interpolate(theta, h, y, K, F, out):
    """Write y(t + θh) of the step that started at y with the stages K into out (n,)."""
    n = len(y)
    for j in range(n):
        out[j] = 0.0
    for i in range(F.shape[0]):
        weight = 0.0
        for q in range(F.shape[1] - 1, -1, -1):
            weight = (theta if q % 2 == 0 else 1.0 - theta) * (F[i, q] + weight)
        for j in range(n):
            out[j] += weight * K[i * n + j]
    for j in range(n):
        out[j] = y[j] + h * out[j]


@inlined
def interpolant_coefficients(h, n, K, F, out):
    """Write Q (q, n) with y(t + θh) = y + θ(Q_0 + (1 − θ)(Q_1 + θ(Q_2 + …))) into out."""
    for q in range(F.shape[1]):
        for j in range(n):
            out[q, j] = 0.0
        for i in range(F.shape[0]):
            for j in range(n):
                out[q, j] += h * F[i, q] * K[i * n + j]


@inlined
def crosses(before, after, direction):
    """Whether g changes its sign in this direction; a zero counts where it is reached."""
    up = before < 0.0 <= after
    down = before > 0.0 >= after
    return (up and direction >= 0.0) or (down and direction <= 0.0)


@inlined
def starts_at_zero(before, after, direction):
    """Whether g is zero at the start of the solve and leaves it in this direction."""
    return before == 0.0 and after * direction >= 0.0


@inlined
def find_events(
    t, t_new, h, y, y_new, K, F, events, ctx, directions, left, g,
    clock, counts, t_found, which, y_found, y_mid, g_mid,
):  # fmt: skip
    """Append the events of a step, in the order of time, up to the one that ends the solve.

    g (e,) holds their values at t and, on return, at t_new. Returns EVENT if the solve ends,
    RHS_FAILED if an event function failed, otherwise DONE.
    """
    n = len(y)
    for part in range(1, SUBDIVISIONS + 1):
        theta_a, theta_b = (part - 1) / SUBDIVISIONS, part / SUBDIVISIONS
        t_b = t + theta_b * h
        if part == SUBDIVISIONS:
            t_b = t_new
            for j in range(n):
                y_mid[j] = y_new[j]
        else:
            interpolate(theta_b, h, y, K, F, y_mid)
        for i in range(len(events)):
            if not evaluate(i, events, t_b, y_mid, ctx, g_mid, i, clock, counts):
                return RHS_FAILED
        first = counts[FOUND]
        for i in range(len(events)):
            theta = -1.0
            if part == 1 and counts[STEPS] == 0 and starts_at_zero(g[i], g_mid[i], directions[i]):
                theta = 0.0
            elif crosses(g[i], g_mid[i], directions[i]):
                theta = root(
                    i, events, theta_a, theta_b, g[i], g_mid[i],
                    t, t_new, h, y, y_new, K, F, ctx, clock, counts, y_mid, g_mid,
                )  # fmt: skip
                if theta < 0.0:
                    return RHS_FAILED
            if theta >= 0.0:
                # keep this part's events in the order of time: insert from behind
                t_root = t_new if theta == 1.0 else t + theta * h
                place = counts[FOUND]
                while place > first and (t_found[place - 1] - t_root) * h > 0.0:
                    t_found[place] = t_found[place - 1]
                    which[place] = which[place - 1]
                    for j in range(n):
                        y_found[place, j] = y_found[place - 1, j]
                    place -= 1
                t_found[place] = t_root
                which[place] = i
                state_at(theta, h, y, y_new, K, F, y_found[place])
                counts[FOUND] += 1
        for i in range(len(events)):
            g[i] = g_mid[i]
        for place in range(first, counts[FOUND]):
            left[which[place]] -= 1
            if left[which[place]] == 0:
                counts[FOUND] = place + 1
                return EVENT
    return DONE


@inlined
def evaluate(i, events, t, y, ctx, out, place, clock, counts):
    """Write event i at (t, y) into out[place]; False if it failed."""
    g = offset(data(out), place)
    counts[STATUS] = call_rhs(events[i], t, data(y), words_at(ctx[i]), g)
    if counts[STATUS] != 0:
        clock[T_FAILED] = t
        counts[FAILED_EVENT] = i + 1
        return False
    return True


@inlined
def state_at(theta, h, y, y_new, K, F, out):
    """The state at t + θh: the ends of the step exactly, the interpolant between them."""
    if theta == 0.0 or theta == 1.0:
        for j in range(len(y)):
            out[j] = y[j] if theta == 0.0 else y_new[j]
    else:
        interpolate(theta, h, y, K, F, out)


@inlined
def root(
    i, events, a, b, g_a, g_b, t, t_new, h, y, y_new, K, F, ctx, clock, counts, y_mid, g_mid
):  # fmt: skip
    """θ in [a, b] where event i is zero, by Chandrupatla's method; −1 if the event failed."""
    spare = len(events)  # a place of g_mid that is free
    if g_b == 0.0:
        return b
    g_c, c, fraction = g_a, a, 0.5
    for _ in range(200):
        theta = a + fraction * (b - a)
        state_at(theta, h, y, y_new, K, F, y_mid)
        if not evaluate(i, events, t + theta * h, y_mid, ctx, g_mid, spare, clock, counts):
            return -1.0
        value = g_mid[spare]
        if (value > 0.0) == (g_a > 0.0):
            c, g_c = a, g_a
        else:
            c, b = b, a
            g_c, g_b = g_b, g_a
        a, g_a = theta, value
        best, g_best = (a, g_a) if abs(g_a) < abs(g_b) else (b, g_b)
        width = 2.0 * EPS * abs(best) + 0.5 * EPS
        limit = width / abs(b - c) if b != c else 1.0
        if limit > 0.5 or g_best == 0.0:
            return best
        # inverse quadratic interpolation where it is safe, bisection elsewhere
        xi = (a - b) / (c - b)
        phi = (g_a - g_b) / (g_c - g_b)
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            fraction = g_a / (g_b - g_a) * g_c / (g_b - g_c) + (c - a) / (b - a) * g_a / (
                g_c - g_a
            ) * g_b / (g_c - g_b)
        else:
            fraction = 0.5
        fraction = min(1.0 - limit, max(limit, fraction))
    return best
