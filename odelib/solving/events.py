"""Between the ends of a step: the interpolant, and the events that happen there.

References
----------
Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
function without using derivatives", Adv. Eng. Softw. 28 (1997) 145–149,
doi:10.1016/S0965-9978(96)00051-8.
"""

from odelib.pointers import call_rhs, called, data, offset, words_at
from odelib.solving.codes import (
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

EPS = 2.0**-52


@called
def interpolate(theta, step, out):
    """Write y(t + θh) of a step into out (n,)."""
    y, K, F = step.y, step.K, step.F
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
        out[j] = y[j] + step.h * out[j]


@called
def interpolant_coefficients(step, out):
    """Write Q (q, n) with y(t + θh) = y + θ(Q_0 + (1 − θ)(Q_1 + θ(Q_2 + …))) into out."""
    n, h, K, F = len(step.y), step.h, step.K, step.F
    for q in range(F.shape[1]):
        for j in range(n):
            out[q, j] = 0.0
        for i in range(F.shape[0]):
            for j in range(n):
                out[q, j] += h * F[i, q] * K[i * n + j]


@called
def crosses(before, after, direction):
    """Whether g changes its sign in this direction; a zero counts where it is reached."""
    up = before < 0.0 <= after
    down = before > 0.0 >= after
    return (up and direction >= 0.0) or (down and direction <= 0.0)


@called
def starts_at_zero(before, after, direction):
    """Whether g is zero at the start of the solve and leaves it in this direction."""
    return before == 0.0 and after * direction >= 0.0


@called
def find_events(step, watched, clock, counts):
    """Append the events of a step, in the order of time, up to the one that ends the solve.

    watched.g holds their values at t and, on return, at t_new. Returns EVENT if the solve ends,
    RHS_FAILED if an event function failed, otherwise DONE.
    """
    events, directions, left = watched.events, watched.directions, watched.left
    t_found, which, y_found = watched.t_found, watched.which, watched.y_found
    g, y_mid, g_mid = watched.g, watched.y_mid, watched.g_mid
    n = len(step.y)
    # two crossings within one step are seen where they fall into different parts of it
    for part in range(1, SUBDIVISIONS + 1):
        theta_a, theta_b = (part - 1) / SUBDIVISIONS, part / SUBDIVISIONS
        t_b = step.t + theta_b * step.h
        if part == SUBDIVISIONS:
            t_b = step.t_new
            for j in range(n):
                y_mid[j] = step.y_new[j]
        else:
            interpolate(theta_b, step, y_mid)
        for i in range(len(events)):
            if not evaluate(i, t_b, y_mid, watched, g_mid, i, clock, counts):
                return RHS_FAILED
        first = counts[FOUND]
        for i in range(len(events)):
            theta = -1.0
            if part == 1 and counts[STEPS] == 0 and starts_at_zero(g[i], g_mid[i], directions[i]):
                theta = 0.0
            elif crosses(g[i], g_mid[i], directions[i]):
                theta = root(i, theta_a, theta_b, g[i], g_mid[i], step, watched, clock, counts)
                if theta < 0.0:
                    return RHS_FAILED
            if theta >= 0.0:
                # keep this part's events in the order of time: insert from behind
                t_root = step.t_new if theta == 1.0 else step.t + theta * step.h
                place = counts[FOUND]
                while place > first and (t_found[place - 1] - t_root) * step.h > 0.0:
                    t_found[place] = t_found[place - 1]
                    which[place] = which[place - 1]
                    for j in range(n):
                        y_found[place, j] = y_found[place - 1, j]
                    place -= 1
                t_found[place] = t_root
                which[place] = i
                state_at(theta, step, y_found[place])
                counts[FOUND] += 1
        # this part's end is the next one's start
        for i in range(len(events)):
            g[i] = g_mid[i]
        for place in range(first, counts[FOUND]):
            left[which[place]] -= 1
            if left[which[place]] == 0:
                counts[FOUND] = place + 1
                return EVENT
    return DONE


@called
def evaluate(i, t, y, watched, out, place, clock, counts):
    """Write event i at (t, y) into out[place]; False if it failed."""
    event, ctx = watched.events[i], words_at(watched.ctx_events[i])
    counts[STATUS] = call_rhs(event, t, data(y), ctx, offset(data(out), place))
    if counts[STATUS] != 0:
        clock[T_FAILED] = t
        counts[FAILED_EVENT] = i + 1
        return False
    return True


@called
def state_at(theta, step, out):
    """The state at t + θh: the ends of the step exactly, the interpolant between them."""
    if theta == 0.0 or theta == 1.0:
        for j in range(len(step.y)):
            out[j] = step.y[j] if theta == 0.0 else step.y_new[j]
    else:
        interpolate(theta, step, out)


@called
def root(i, a, b, g_a, g_b, step, watched, clock, counts):
    """θ in [a, b] where event i is zero, by Chandrupatla's method; −1 if the event failed."""
    y_mid, g_mid = watched.y_mid, watched.g_mid
    spare = len(watched.events)  # a place of g_mid that is free
    if g_b == 0.0:
        return b
    g_c, c, fraction = g_a, a, 0.5
    # the root lies between a and b; c is the point before, for the quadratic
    for _ in range(200):
        theta = a + fraction * (b - a)
        state_at(theta, step, y_mid)
        t = step.t + theta * step.h
        if not evaluate(i, t, y_mid, watched, g_mid, spare, clock, counts):
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
