"""What an auditor needs to say whether a change did something: who began when, and what followed.

docs/EVALUATION.md says which question each part answers and where it must not be used.
"""

from chain.metrics.evaluation.imputation import Effect, imputed_effect
from chain.metrics.evaluation.panel import Panel, panel_of_csv
from chain.metrics.evaluation.power import PowerRow, power_table
from chain.metrics.evaluation.randomisation import RandomisedEffect, randomised_effect
from chain.metrics.evaluation.release import Release, release_totals

__all__ = [
    "Effect",
    "Panel",
    "PowerRow",
    "RandomisedEffect",
    "Release",
    "imputed_effect",
    "panel_of_csv",
    "power_table",
    "randomised_effect",
    "release_totals",
]
