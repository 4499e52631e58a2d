"""A DC motor turned by a PID controller, with a slider for each gain and a limit of the voltage."""

import numpy as np

from odelib.interactive.digits import fixed
from odelib.interactive.figure import SliderFigure
from odelib.interactive.panel import Mark, Panel
from odelib.interactive.words import all_texts

SETPOINT = 4.0  # rad
LOAD = -0.25  # N·m, from LOADED on
LIMIT = 12.0  # V
REPAIR = 40.0  # 1/T_t of the back-calculation, in 1/s
STEP, STEPS, LOADED = 0.001, 1200, 600  # of RK4, in s; how many; from which on the load is there
DRAWN = 4  # every so many steps a point of a curve
SLIDERS = ((0.5, 16.0, 0.5), (0, 600, 10), (0, 0.5, 0.01))  # Kp, Ki, Kd
CHOICES = {"free": (1e9, 0.0), "limited": (LIMIT, 0.0), "repaired": (LIMIT, REPAIR)}

TEXTS = {
    "title": "A motor turned by a PID controller, for each choice of the three gains",
    "slider": "P gain",
    "integral": "I gain",
    "derivative": "D gain",
    "choice": "Voltage",
    "free": "no limit",
    "limited": "at most 12 V",
    "repaired": "at most 12 V, repaired",
    "gain.before": "K<sub>p</sub>",
    "gain.below": "with K<sub>i</sub> = {ki}, K<sub>d</sub> = {kd}",
    "overshoot.before": "overshoot",
    "overshoot.below": "rad, before the load",
    "left.before": "error at the end",
    "left.below": "rad; within its limits the loop {verdict}",
    "method": "settles",
    "unstable": "does not settle",
    "angle.alt": "The angle over 1.2 seconds. It starts at 0, rises to the set-point, a dashed "
    "line at 4 rad, and swings about it more or less; at 0.6 seconds a load pulls it down, and it "
    "comes back if there is an integral.",
    "angle.across": "time t (s)",
    "angle.up": "angle y (rad)",
    "angle.setpoint": "set-point",
    "angle.motor": "motor",
    "voltage.alt": "The voltage over the same time. It starts high, or at its limit, and ends at "
    "the 5 V that hold the load if the loop has settled.",
    "voltage.across": "time t (s)",
    "voltage.up": "voltage (V)",
    "voltage.caption": "From 0.6 s on a load pulls; 5 V hold it.",
    "table.gain": "P gain",
    "table.overshoot": "overshoot (rad)",
    "table.left": "error at the end (rad)",
}


def motor(value=8.0, *, integral=80, derivative=0.25, marks=(2.0, 8.0, 16.0), texts=None):
    """The loop ω̇ = 200 s − 10 ω + 4000 d around a motor, with sliders for Kp, Ki and Kd.

    First the angle y, then the voltage s: u = Kp e + Ki z − Kd ω, as it is or limited to 12 V,
    without and with back-calculation. Set-point 4 rad; from t = 0.6 s on the load d = −0.25 N·m.
    Computed by RK4 with the step 1 ms.

    Parameters
    ----------
    value : float
        Kp in V/rad at which the figure starts, between 0.5 and 16.
    integral, derivative : float
        Ki in V/(rad s) and Kd in V s/rad at the start.
    marks : sequence of float
        Values of Kp offered as buttons, and the rows of the table.
    texts : dict, optional
        Words that replace English ones, by the keys of `pid_motor.TEXTS`.

    Returns
    -------
    SliderFigure
        The figure's data-gains, data-overshoot, data-left and data-voltage hold the unrounded
        numbers; data-voltage is the last one.

    References
    ----------
    Åström, Murray, *Feedback Systems*, 2nd ed., Princeton 2021, chapter 11.
    """
    texts = all_texts(TEXTS, texts)
    path = response((value, integral, derivative), *CHOICES["free"])
    style = "method" if (10 + 200 * derivative) * value > integral else "unstable"
    t = STEP * np.arange(STEPS + 1)[::DRAWN]
    lines = ("line dashed", "angle.setpoint"), ("line method", "angle.motor")
    panels = tuple(
        Panel(
            name=name,
            window=(0.0, 1.2, *heights),
            still=[Mark("line", "flow dashed", [(0.0, level), (1.2, level)])],
            moving=[
                Mark("line", style, np.column_stack([t, curve[::DRAWN]])),
                Mark("dots", f"{style} large", [(t[-1], curve[-1])]),
            ],
            legend=legend,
        )
        for name, heights, level, curve, legend in (
            ("angle", (0.0, 9.0), SETPOINT, path[0], lines),
            ("voltage", (-30.0, 66.0), 0.0, path[1], ()),
        )
    )
    rows = [response((gain, integral, derivative), *CHOICES["free"]) for gain in marks]
    return SliderFigure(
        kind="pid_motor",
        texts=texts,
        fields={
            "gain": fixed(value, 1),
            "ki": f"{integral:g}",
            "kd": fixed(derivative, 2),
            "overshoot": fixed(overshoot(path[0]), 3),
            "left": fixed(SETPOINT - path[0, -1], 3),
            "verdict": texts[style],
        },
        panels=panels,
        slider=SLIDERS[0],
        value=value,
        marks=marks,
        readout=("gain", "overshoot", "left"),
        style=style,
        data={
            "setpoint": SETPOINT,
            "load": LOAD,
            "step": STEP,
            "steps": STEPS,
            "loaded": LOADED,
            "drawn": DRAWN,
            "choices": {name: list(pair) for name, pair in CHOICES.items()},
        },
        table=(
            ("table.gain", "table.overshoot", "table.left"),
            *(
                (f"{gain:g}", fixed(overshoot(row[0]), 3), fixed(SETPOINT - row[0, -1], 3))
                for gain, row in zip(marks, rows, strict=True)
            ),
        ),
        choices=tuple(CHOICES),
        more=(
            ("integral", SLIDERS[1], integral),
            ("derivative", SLIDERS[2], derivative),
        ),
    )


def response(gains, limit, repair):
    """Angle and voltage at the times 0, STEP, …: (2, STEPS + 1)."""
    Kp, Ki, Kd = gains

    def slopes(state, load):
        y, omega, z = state
        e = SETPOINT - y
        u = Kp * e + Ki * z - Kd * omega
        s = min(max(u, -limit), limit)
        back = repair * (s - u) / Ki if Ki else 0.0
        return np.array([omega, 200 * s - 10 * omega + 4000 * load, e + back]), s

    state, path = np.zeros(3), []
    for n in range(STEPS + 1):
        load = LOAD if n >= LOADED else 0.0
        k1, s = slopes(state, load)
        path.append((state[0], s))
        k2, _ = slopes(state + STEP / 2 * k1, load)
        k3, _ = slopes(state + STEP / 2 * k2, load)
        k4, _ = slopes(state + STEP * k3, load)
        state = state + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(path).T


def overshoot(angle):
    """How far the angle exceeds the set-point before the load comes, or 0."""
    return max(angle[: LOADED + 1].max() - SETPOINT, 0.0)
