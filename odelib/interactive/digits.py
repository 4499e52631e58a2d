"""Numbers and formulas as a figure shows them; figure.js holds the same rules."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

EXPONENT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(x):
    """Text of x ≥ 0: four digits, fewer if it is small; with a power of ten if it is far from 1."""
    if 1000 <= x < 1e6:
        return _half_up(x, ".0f")
    if 0 < x < 1e-4 or x >= 1e6:
        mantissa, exponent = _half_up(x, ".1e").split("e")
        return f"{mantissa} × 10" + str(int(exponent)).translate(EXPONENT)
    digits = 3 if x < 0.001 else 4
    return f"{float(_half_up(x, f'.{digits - 1}e')):.{digits}g}"


def fixed(x, decimals):
    """Text of x with so many decimals and a minus sign of its own width."""
    return _half_up(x, f".{decimals}f").replace("-", "−")


def _half_up(x, form):
    """Formatted as JavaScript does it, which rounds 5.0625 to 5.063 and knows no −0."""
    with localcontext(rounding=ROUND_HALF_UP):
        return format(Decimal(float(x) + 0.0), form)


def decimals(step):
    """Number of decimals that the multiples of `step` need: 3 for 0.005."""
    return len(f"{step:g}".partition(".")[2])


def equation(rate):
    """The equation y′ = rate·y as text."""
    factor = {1: "", -1: "−"}.get(rate, f"{rate:g} ".replace("-", "−"))
    return f"y′ = {factor}y"


def rounded(values):
    """To 12 digits: more than the eye needs, the same on every machine."""
    return [float(f"{value:.12g}") for value in values]
