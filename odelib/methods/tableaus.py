"""The explicit Runge–Kutta methods of the library, as data; tableau.py says what the letters mean.

Numbers stand as the cited source prints them, so that page and paper can be compared line by
line. Nothing else in `odelib` knows a coefficient. What follows from the numbers (the count of
stages, whether the last stage can be reused, whether there is an error estimate) is computed.

References
----------
.. [HNW]  Hairer, Nørsett, Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
          Springer 1993, doi:10.1007/978-3-540-78862-1. Tables II.1.1, II.1.2; II.5.2; II.6.
.. [R62]  Ralston, "Runge–Kutta methods with minimum error bounds", Math. Comp. 16 (1962)
          431–437, doi:10.1090/S0025-5718-1962-0150954-0.
.. [BS89] Bogacki, Shampine, "A 3(2) pair of Runge–Kutta formulas", Appl. Math. Lett. 2 (1989)
          321–325, doi:10.1016/0893-9659(89)90079-7.
.. [DP80] Dormand, Prince, "A family of embedded Runge–Kutta formulae", J. Comp. Appl. Math. 6
          (1980) 19–26, doi:10.1016/0771-050X(80)90013-3.
.. [T11]  Tsitouras, "Runge–Kutta pairs of order 5(4) satisfying only the first column
          simplifying assumption", Comput. Math. Appl. 62 (2011) 770–775,
          doi:10.1016/j.camwa.2011.06.002.
.. [S86]  Shampine, "Some practical Runge–Kutta formulas", Math. Comp. 46 (1986) 135–150,
          doi:10.1090/S0025-5718-1986-0815836-3 (the interpolant of DOPRI5 used here).
"""

import numpy as np

from odelib.methods.dop853 import DOP853
from odelib.methods.tableau import tableau


def _expanded(lead, *factors):
    """Coefficients of θ, θ², … of a product of polynomials, each with its constant term first."""
    product = [lead]
    for factor in factors:
        product = np.convolve(product, factor)
    return product[1:]


# The rows below keep the shape of the printed tables.
# fmt: off

# Euler (1768): one stage; its interpolant is the straight line.
EULER = tableau(
    order=1,
    c=(0,),
    A=((),),
    b=(1,),
    P=((1,),),
)

# The three second-order methods with two stages that have names; each interpolant is the only
# one of order 2 that its two stages allow: Σ b_i(θ) = θ, Σ b_i(θ) c_i = θ²/2.
# Runge (1895), [HNW] Table II.1.1: the slope in the middle.
MIDPOINT = tableau(
    order=2,
    c=(0, 1/2),
    A=((),
       (1/2,)),
    b=(0, 1),
    P=((1, -1),
       (0, 1)),
)

# Heun (1900): the mean of the slopes at both ends.
HEUN = tableau(
    order=2,
    c=(0, 1),
    A=((),
       (1,)),
    b=(1/2, 1/2),
    P=((1, -1/2),
       (0, 1/2)),
)

# Ralston [R62]: the smallest bound on the leading error term.
RALSTON = tableau(
    order=2,
    c=(0, 2/3),
    A=((),
       (2/3,)),
    b=(1/4, 3/4),
    P=((1, -3/4),
       (0, 3/4)),
)

# Kutta's third-order method (1901). The interpolant integrates the parabola through the three
# slopes and has order 2; with three stages order 3 is out of reach ([HNW] II.6).
RK3 = tableau(
    order=3,
    c=(0, 1/2, 1),
    A=((),
       (1/2,),
       (-1, 2)),
    b=(1/6, 2/3, 1/6),
    P=((1, -3/2, 2/3),
       (0, 2, -4/3),
       (0, -1/2, 2/3)),
)

# The classical method of Kutta (1901), [HNW] Table II.1.2. The cubic interpolant is the only
# one of order 3 that its four stages allow ([HNW] II.6).
RK4 = tableau(
    order=4,
    c=(0, 1/2, 1/2, 1),
    A=((),
       (1/2,),
       (0, 1/2),
       (0, 0, 1)),
    b=(1/6, 1/3, 1/3, 1/6),
    P=((1, -3/2, 2/3),
       (0, 1, -2/3),
       (0, 1, -2/3),
       (0, -1/2, 2/3)),
)

# Kutta's 3/8 rule (1901), [HNW] Table II.1.2; its interpolant meets the conditions of order 3.
RK38 = tableau(
    order=4,
    c=(0, 1/3, 2/3, 1),
    A=((),
       (1/3,),
       (-1/3, 1),
       (1, -1, 1)),
    b=(1/8, 3/8, 3/8, 1/8),
    P=((1, -15/8, 1),
       (0, 15/8, -3/2),
       (0, 3/8, 0),
       (0, -3/8, 1/2)),
)

# Bogacki–Shampine 3(2) [BS89]; the interpolant is the cubic Hermite polynomial of the step.
RK23 = tableau(
    order=3,
    error_order=2,
    c=(0, 1/2, 3/4, 1),
    A=((),
       (1/2,),
       (0, 3/4),
       (2/9, 1/3, 4/9)),
    b=(2/9, 1/3, 4/9, 0),
    b_hat=(7/24, 1/4, 1/3, 1/8),
    P=((1, -4/3, 5/9),
       (0, 1, -2/3),
       (0, 4/3, -8/9),
       (0, -1, 1)),
)

# Dormand–Prince 5(4), "DOPRI5" [DP80], [HNW] Table II.5.2; P of order 4 from [S86].
RK45 = tableau(
    order=5,
    error_order=4,
    c=(0, 1/5, 3/10, 4/5, 8/9, 1, 1),
    A=((),
       (1/5,),
       (3/40, 9/40),
       (44/45, -56/15, 32/9),
       (19372/6561, -25360/2187, 64448/6561, -212/729),
       (9017/3168, -355/33, 46732/5247, 49/176, -5103/18656),
       (35/384, 0, 500/1113, 125/192, -2187/6784, 11/84)),
    b=(35/384, 0, 500/1113, 125/192, -2187/6784, 11/84, 0),
    b_hat=(5179/57600, 0, 7571/16695, 393/640, -92097/339200, 187/2100, 1/40),
    P=((1, -8048581381/2820520608, 8663915743/2820520608, -12715105075/11282082432),
       (0, 0, 0, 0),
       (0, 131558114200/32700410799, -68118460800/10900136933, 87487479700/32700410799),
       (0, -1754552775/470086768, 14199869525/1410260304, -10690763975/1880347072),
       (0, 127303824393/49829197408, -318862633887/49829197408, 701980252875/199316789632),
       (0, -282668133/205662961, 2019193451/616988883, -1453857185/822651844),
       (0, 40617522/29380423, -110615467/29380423, 69997945/29380423)),
)

# Tsitouras 5(4) [T11]; the paper prints e and the interpolant as products, expanded below.
TSIT5 = tableau(
    order=5,
    error_order=4,
    c=(0, 161/1000, 327/1000, 9/10, 0.9800255409045096857298102862870, 1, 1),
    A=((),
       (161/1000,),
       (-0.8480655492356988544426874250230e-2, 0.3354806554923569885444268742502),
       (2.897153057105493432130432594192, -6.359448489975074843148159912383,
        4.362295432869581411017727318190),
       (5.325864828439256604428877920840, -11.74888356406282787774717033978,
        7.495539342889836208304604784564, -0.9249506636175524925650207933207e-1),
       (5.861455442946420028659251486982, -12.92096931784710929170611868178,
        8.159367898576158643180400794539, -0.7158497328140099722453054252582e-1,
        -0.2826905039406838290900305721271e-1),
       (0.9646076681806522951816731316512e-1, 1/100, 0.4798896504144995747752495322905,
        1.379008574103741893192274821856, -3.290069515436080679901047585711,
        2.324710524099773982415355918398)),
    b=(0.9646076681806522951816731316512e-1, 1/100, 0.4798896504144995747752495322905,
       1.379008574103741893192274821856, -3.290069515436080679901047585711,
       2.324710524099773982415355918398, 0),
    b_hat=(0.9468075576583945807478876255758e-1, 0.9183565540343253096776363936645e-2,
           0.4877705284247615707855642599631, 1.234297566930478985655109673884,
           -2.707712349983525454881109975059, 1.866628418170587035753719399566, 1/66),
    P=[_expanded(*factors) for factors in (
        (-1.0530884977290216, (0, 1), (-1.3299890189751412, 1),
         (0.7139816917074209, -1.4364028541716351, 1)),
        (0.1017, (0, 0, 1), (1.2949852507374631, -2.1966568338249754, 1)),
        (2.490627285651252793, (0, 0, 1), (1.57803468208092486, -2.38535645472061657, 1)),
        (-16.54810288924490272, (0, 0, 1), (-1.21712927295533244, 1), (-0.61620406037800089, 1)),
        (47.37952196281928122, (0, 0, 1), (-1.203071208372362603, 1), (-0.658047292653547382, 1)),
        (-34.87065786149660974, (0, 0, 1), (-1.2, 1), (-2/3, 1)),
        (2.5, (0, 0, 1), (-1, 1), (-0.6, 1)),
    )],
)

# fmt: on

RUNGE_KUTTA = {
    "Euler": EULER,
    "Midpoint": MIDPOINT,
    "Heun": HEUN,
    "Ralston": RALSTON,
    "RK3": RK3,
    "RK4": RK4,
    "RK38": RK38,
    "RK23": RK23,
    "RK45": RK45,
    "Tsit5": TSIT5,
    "DOP853": DOP853,
}
