"""Audio made from nothing: the demo's recordings and the material the compact model trains on.

NumPy and SciPy only, deterministic by seed, no download, no torch.
"""

from __future__ import annotations

from watermark.synthesis.catalogue import PIECES, CatalogueRefused, write_catalogue
from watermark.synthesis.material import HELD_OUT_FAMILIES, TRAINING_FAMILIES, clip

__all__ = [
    "HELD_OUT_FAMILIES",
    "PIECES",
    "TRAINING_FAMILIES",
    "CatalogueRefused",
    "clip",
    "write_catalogue",
]
