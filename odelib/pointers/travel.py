"""Compiled functions that keep what `solve_ivp` reads from them when they are pickled."""

from odelib.pointers.calls import DISABLED

ATTRIBUTES = ("_odelib_inplace", "terminal", "direction")

if not DISABLED:
    from numba.core.registry import CPUDispatcher

    class RightHandSide(CPUDispatcher):
        """A numba function; numba itself pickles no attribute."""

        def _reduce_states(self):
            mine = {name: self.__dict__[name] for name in ATTRIBUTES if name in self.__dict__}
            return super()._reduce_states() | {"attributes": mine}

        @classmethod
        def _rebuild(cls, attributes, **states):
            """In one process always the same function, as long as its attributes are the same."""
            known = cls._memo.get(states["uuid"])
            if known is None:
                known = super()._rebuild(**states)
            elif attributes != {n: known.__dict__[n] for n in ATTRIBUTES if n in known.__dict__}:
                twin = cls(known.py_func, known.locals, known.targetoptions)
                if hasattr(known, "_odelib_pointers") and attributes.get(
                    "_odelib_inplace"
                ) == known.__dict__.get("_odelib_inplace"):
                    twin._odelib_pointers = known._odelib_pointers  # the code is the same
                known = twin
            known.__dict__.update(attributes)
            return known


def keeping_attributes(function):
    """The compiled function, which from now on keeps its attributes when it is pickled."""
    if not DISABLED:
        function.__class__ = RightHandSide
    return function
