"""The former place of `odelib.models.Model`, kept for those who import it from here."""

from odelib.models.model import Model

__all__ = ["Model"]
