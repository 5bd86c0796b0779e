"""How unequally money reaches payees: exact, from whole base units, with a policy for nothing.

What is a fraction stays a fraction; what needs a logarithm or a root is a float with a proven bound
on its error. Amounts are the payees of a census, so nothing here estimates a larger population but
`intervals`, which says so. No payees, or no money, measure None: neither equality nor inequality is
true of nothing. docs/METRICS.md has every formula with its source.
"""

from chain.metrics.inequality.amounts import CarriedDebts, amounts_by_payee, carry_debts
from chain.metrics.inequality.certified import Certified
from chain.metrics.inequality.decomposition import Decomposition, GroupTerm, decompose
from chain.metrics.inequality.intervals import Interval, Intervals, superpopulation_intervals
from chain.metrics.inequality.lorenz import lorenz_curve
from chain.metrics.inequality.measures import (
    Atkinson,
    Inequality,
    InequalityPair,
    Missing,
    measure,
    measure_both,
)
from chain.metrics.inequality.running import RunningInequality, RunningMeasures
from chain.metrics.inequality.sketch import InequalitySketch, SketchBounds
from chain.metrics.inequality.sketch_bytes import sketch_from_bytes, sketch_to_bytes

__all__ = [
    "Atkinson",
    "CarriedDebts",
    "Certified",
    "Decomposition",
    "GroupTerm",
    "Inequality",
    "InequalityPair",
    "InequalitySketch",
    "Interval",
    "Intervals",
    "Missing",
    "RunningInequality",
    "RunningMeasures",
    "SketchBounds",
    "amounts_by_payee",
    "carry_debts",
    "decompose",
    "lorenz_curve",
    "measure",
    "measure_both",
    "sketch_from_bytes",
    "sketch_to_bytes",
    "superpopulation_intervals",
]
