"""One descent in progress: the kernel runs in slices, its end is put in words."""

import time
from typing import Any, NamedTuple

import numpy as np

from odelib import pointers
from odelib.fields.gradients import Functions
from odelib.methods import METHODS, compiled_method
from odelib.optimizers.table import Optimizer
from odelib.running import next_budget
from odelib.training import codes as at
from odelib.training.reasons import why

FOREVER = 2**62

_NO_WORDS = np.zeros(2, dtype=np.int64)


class Plan(NamedTuple):
    """What a descent does, every value checked (see arguments.py)."""

    row: Optimizer
    settings: np.ndarray  # the hyperparameters in the row's order
    rates: Any  # (k, count) -> learning rates (count,) or (1,)
    levels: np.ndarray  # see codes.py
    last: int  # number of steps; FOREVER: whoever runs it says when to pause
    every: int  # steps between two rows of the history; 0: no history
    trajectory: bool
    seconds: float  # time allowed
    when: Any  # (k, theta) -> bool, or None


def settings_of(row, settings, decay):
    """The numbers that the row's update reads, and the decay that goes into the gradient."""
    if row.decoupled:
        return np.array([*settings.values(), decay]), 0.0
    return np.array([*settings.values(), 0.0]), decay


class Descent:
    """The state of one descent. Each has its own, so they may run side by side and nested."""

    def __init__(self, theta0, functions: Functions, plan):
        from odelib.optimizers import implicit_steps, updates  # on first use
        from odelib.training import loop  # on first use

        self.functions, self.plan, self.kernel = functions, plan, loop
        self.theta = theta0.copy()
        n, row = len(theta0), plan.row
        rule = row.rule or ("UPDATE" if row.update else "EXPLICIT")
        self.rule = getattr(implicit_steps, rule)
        self.step, self.stages, self.settings = None, 1, plan.settings
        if row.tableau:
            self.step, *_ = compiled_method(row.tableau).code
            self.stages = METHODS[row.tableau].stages
            self.settings = np.zeros(1 + 2 * n)  # where the step writes its error estimates
        elif row.update:
            self.step = updates.update_of(row.update)
        self.counts = np.zeros(at.COUNTS, dtype=np.int64)
        self.theta_new, self.mean = np.zeros(n), np.zeros(n)
        self.K = np.zeros(max(self.stages, 1 + row.memory) * n)
        square = n if row.rule else 0
        self.A, self.d = np.zeros((square, square)), np.zeros(square)
        self.evaluations, self.value = np.zeros(2, dtype=np.int64), np.zeros(1)
        self.k, self.loss, self.norm = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
        self.path = np.zeros((0, n))
        self.outcome, self.failure = "steps", None
        self.started, self.budget = time.perf_counter(), 10

    @property
    def steps_taken(self):
        """Number of steps so far."""
        return int(self.counts[at.STEPS])

    def run(self, until):
        """Go on to step `until` or to the end; True if the descent may go on after that."""
        plan = self.plan
        while self.steps_taken < until:
            budget = min(self.budget, until - self.steps_taken)
            if plan.when is not None:  # it is asked at every row of the history
                budget = min(budget, plan.every - self.steps_taken % plan.every)
            self._make_room(budget)
            before = time.perf_counter()
            code = self._advance(budget)
            now = time.perf_counter()
            if code != at.PAUSED:
                self._conclude(code)
                return False
            if now - self.started >= plan.seconds:
                self.outcome = "seconds"
                return False
            asked = plan.when is not None and self.steps_taken % plan.every == 0
            if asked and plan.when(self.steps_taken, self.theta.copy()):
                self.outcome = "when"
                return False
            self.budget = next_budget(budget, now - before)
        return True

    def _advance(self, budget):
        plan = self.plan
        (grad, ctx), (fun, ctx_fun), (hessian, ctx_hessian) = map(_address, self.functions)
        rule = at.Rule(
            step=self.step.address if self.step else 0, stages=self.stages, rule=self.rule,
            settings=self.settings,
        )  # fmt: skip
        addresses = at.Addresses(grad, ctx, fun, ctx_fun, hessian, ctx_hessian)
        schedule = at.Schedule(
            budget=budget, last=plan.last, rates=plan.rates(self.steps_taken, budget),
            levels=plan.levels, every=plan.every,
        )  # fmt: skip
        position = at.Position(
            counts=self.counts, theta=self.theta, theta_new=self.theta_new, K=self.K,
            mean=self.mean,
        )  # fmt: skip
        record = at.Record(k_out=self.k, loss_out=self.loss, norm_out=self.norm, path_out=self.path)
        room = at.Room(A=self.A, d=self.d, evaluations=self.evaluations, value=self.value)
        return self.kernel.descend(rule, addresses, schedule, position, record, room)

    def _make_room(self, budget):
        """Room in the history for the rows of that many steps, and for the last one."""
        if not self.plan.every:
            return
        needed = int(self.counts[at.ROWS]) + budget // self.plan.every + 2
        if needed > len(self.k):
            rows = max(needed, 2 * len(self.k))
            self.k, self.loss, self.norm = (
                _longer(old, rows) for old in (self.k, self.loss, self.norm)
            )
            if self.plan.trajectory:
                self.path = _longer(self.path, rows)

    def restart(self, theta, factor):
        """Go on from theta, at rest, with so many times the learning rate."""
        n, plan = len(theta), self.plan
        self.theta[:], self.K[n:] = theta, 0.0
        if plan.row.update == "nesterov_convex":  # it remembers a point, not a velocity
            self.K[n : 2 * n] = theta
        self.mean[:], self.counts[at.AVERAGED] = 0.0, 0
        self.plan = plan._replace(rates=lambda k, count: factor * plan.rates(k, count))
        self.outcome, self.failure = "steps", None

    # --- Why it stopped -------------------------------------------------------------------------

    def _conclude(self, code):
        """Put the kernel's code into `outcome`; raise what a function raised."""
        if code == at.FAILED:
            raise self._exception()
        self.outcome = {
            at.LAST_STEP: "steps",
            at.SMALL_GRADIENT: "gradient_norm",
            at.SMALL_CHANGE: "relative_change",
            at.LOW_LOSS: "loss",
        }.get(code, "failed")
        if self.outcome == "failed":
            grad = self.K[: len(self.theta)]
            self.failure = why(code, self.steps_taken, self._rate(), grad, self.theta_new)

    def _rate(self):
        return float(self.plan.rates(self.steps_taken, 1)[0])

    def _exception(self):
        """The exception that a user's function raised, where it raised it."""
        status, which = int(self.counts[at.STATUS]), int(self.counts[at.WHICH])
        within = which in (at.GRAD_WITHIN, at.HESSIAN)
        theta = (self.theta_new if within else self.theta).copy()
        function = self.functions[at.GRAD if which == at.GRAD_WITHIN else which]
        if status in (pointers.WRONG_LENGTH, pointers.RETURNED_NONE):  # of a compiled function
            try:
                function.check(function.call(self._rate(), theta))
            except (TypeError, ValueError) as error:
                return error
        return function.bound.explain(status, self._rate(), theta)


def _address(function):
    return (function.bound.address, function.bound.ctx) if function else (0, _NO_WORDS)


def _longer(old, rows):
    new = np.empty((rows, *old.shape[1:]), dtype=old.dtype)
    new[: len(old)] = old
    return new
