"""Inversion of a frozen decoder: executed action chunks as perturbations of the latent."""

from __future__ import annotations

from zprl_env.inversion.decoder import Inversion, invert

__all__ = ["Inversion", "invert"]
