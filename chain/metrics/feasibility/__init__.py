"""Could a published triple of Jain, Theil and Gini be measured on anything at all?

The three are not free of one another: how far apart they may lie is a matter of theorems, not of
data. A triple is impossible by a theorem, possible by a witness (payees with amounts, measured by
`chain.metrics.inequality`), or undecided, where neither was found.
"""

from chain.metrics.feasibility.bounds import (
    Contradiction,
    contradictions,
    largest_gini,
    theil_floor,
)
from chain.metrics.feasibility.printed import Printed, Triple, triples_of_csv
from chain.metrics.feasibility.verdict import Possibility, Verdict, judge
from chain.metrics.feasibility.witness import Witness, find_witness

__all__ = [
    "Contradiction",
    "Possibility",
    "Printed",
    "Triple",
    "Verdict",
    "Witness",
    "contradictions",
    "find_witness",
    "judge",
    "largest_gini",
    "theil_floor",
    "triples_of_csv",
]
