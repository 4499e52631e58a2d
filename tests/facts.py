"""The facts that the chapters claim and that the tests compute again.

`FACTS["ODE-01"]` has the fact's statement, expected value, tolerance and protocol. They come from
data/facts_*.json, one file a chapter. Each is asserted once, which test_facts.py sees to: by a
lesson, where the fact names it, else by a function; that of ODE-01 begins with test_ode_01_.
"""

import json
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent / "data"
FACTS = {
    fact["id"]: fact
    for path in sorted(DATA.glob("facts_*.json"))
    for fact in json.loads(path.read_text("utf-8"))
}


def expect(fact_id, value, *, least=0.0):
    """Assert that the value, or each of several, is the fact's within its tolerance, or `least`."""
    fact = FACTS[fact_id]
    value, expected = np.asarray(value, dtype=float), np.asarray(fact["expected"], dtype=float)
    assert expected.ndim == 0 or value.shape == expected.shape, (fact_id, value, expected)
    near = np.abs(value - expected) <= np.maximum(fact["tol"], least)
    assert np.all(near), (fact_id, value, expected)


def expect_at_most(fact_id, value):
    """Assert that the value, or each of several, is not above the fact's."""
    assert np.all(np.asarray(value) <= np.asarray(FACTS[fact_id]["expected"])), (fact_id, value)
