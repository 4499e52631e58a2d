"""Why training goes badly: `diagnose` measures and asks each cause in turn."""

from odelib.diagnosis.case import CAUSES, Diagnosis

__all__ = ["CAUSES", "Diagnosis"]
