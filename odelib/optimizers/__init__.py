"""What an optimizer is: a row of `OPTIMIZERS`, a flow and an integrator of it."""

from odelib.optimizers.table import OPTIMIZERS, Optimizer, sutskever_point, translate_momentum

__all__ = ["OPTIMIZERS", "Optimizer", "sutskever_point", "translate_momentum"]
