"""From the call of `solve_ivp`, `ensemble` or `njit_solver` to its result: checks, loop, words."""
