"""Every metric by name, unit, formula and source; docs/METRICS.md has a heading for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Definition:
    """What a published number means. `name` is its key in reports and its heading in the docs."""

    name: str
    unit: str
    formula: str
    source: str


DEFINITIONS: Final = (
    Definition(
        "gini",
        "fraction, 0 to 1 - 1/n",
        "(2 * sum(i * x_i) - (n + 1) * S) / (n * S), x ascending, i from 1",
        "C. Gini, Variabilità e mutabilità, 1912 (population form)",
    ),
    Definition(
        "gini_corrected",
        "fraction, 0 to 1",
        "gini * n / (n - 1)",
        "G. Deltas, The small-sample bias of the Gini coefficient, 2003",
    ),
    Definition(
        "theil",
        "nats, 0 to ln n",
        "(1/n) * sum(y_i * ln y_i), y_i = n * x_i / S, 0 ln 0 = 0",
        "H. Theil, Economics and Information Theory, 1967",
    ),
    Definition(
        "mld",
        "nats, 0 and up",
        "mean of ln(m / x_i) over payees that were paid, m their mean; beside it unpaid_share",
        "H. Theil, 1967 (as L); F. Bourguignon, Decomposable income inequality measures, 1979",
    ),
    Definition(
        "unpaid_share",
        "fraction of payees, 0 to 1",
        "payees that got nothing / payees",
        "this ledger",
    ),
    Definition(
        "ge2",
        "half a squared coefficient of variation, 0 to (n - 1) / 2",
        "(n * sum(x_i^2) / S^2 - 1) / 2 = (1 / jain - 1) / 2",
        "A. F. Shorrocks, The class of additively decomposable inequality measures, 1980",
    ),
    Definition(
        "atkinson",
        "fraction, 0 to 1, at aversions e = 1/2, 1 and 2",
        "1 - mean(y_i^(1 - e))^(1 / (1 - e)); at e = 1, 1 - geometric mean of y",
        "A. B. Atkinson, On the measurement of inequality, 1970",
    ),
    Definition(
        "palma",
        "ratio, 1/4 and up",
        "S of the best-paid tenth / S of the worst-paid two fifths, payees at the cuts in part",
        "J. G. Palma, Homogeneous middles vs. heterogeneous tails, 2011",
    ),
    Definition(
        "jain",
        "fraction, 1/n to 1",
        "S^2 / (n * sum(x_i^2))",
        "R. Jain, D. Chiu, W. Hawe, A Quantitative Measure of Fairness, DEC TR-301, 1984",
    ),
    Definition(
        "hhi",
        "fraction, 1/n to 1",
        "sum((x_i / S)^2)",
        "O. C. Herfindahl, 1950; A. O. Hirschman, 1945",
    ),
    Definition(
        "effective_payees",
        "payees, 1 to n",
        "1 / hhi = n * jain",
        "M. A. Adelman, Comment on the H concentration measure, 1969",
    ),
    Definition(
        "lorenz",
        "points (share of payees, share of money)",
        "(k / n, sum of the k smallest x / S), k from 0 to n",
        "M. O. Lorenz, Methods of Measuring the Concentration of Wealth, 1905",
    ),
    Definition(
        "decomposition",
        "nats for theil and mld; by community and by tradition",
        "T = sum(s_g ln(m_g / m)) + sum(s_g T_g), s_g a group's share of money, m_g its mean",
        "F. Bourguignon, 1979; A. F. Shorrocks, 1980",
    ),
    Definition(
        "rule_change",
        "payees and base units",
        "each payee's part of the period's epochs under the announced rules - by the splits alone",
        "this ledger",
    ),
    Definition(
        "available_latency",
        "seconds; median and 90th percentile, by use and by value",
        "CLAIMABLE - USED; what has not arrived is censored at its age at the report's block",
        "E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations, 1958",
    ),
    Definition(
        "in_hand_latency",
        "seconds; median and 90th percentile, by use and by value",
        "PAID - USED; what has not arrived is censored at its age at the report's block",
        "as available_latency",
    ),
    Definition(
        "stage_latency",
        "seconds; median and 90th percentile, by use and by value",
        "each milestone - the one before; of one paid use they add up to in_hand_latency",
        "as available_latency",
    ),
    Definition(
        "stage_means",
        "seconds, of the uses that are paid",
        "sum of a stage over paid uses / paid uses; the six add up to the mean of in_hand_latency",
        "this ledger",
    ),
    Definition(
        "plateau",
        "fraction of uses",
        "the Kaplan-Meier share still waiting at the longest wait seen; above 1 minus it no "
        "percentile is reached",
        "as available_latency",
    ),
    Definition(
        "traceability",
        "fraction of marked files, with an exact 95 % interval",
        "files whose seven steps hold with the true answer / marked files",
        "C. Clopper, E. Pearson, The Use of Confidence or Fiducial Limits, 1934 (interval)",
    ),
    Definition(
        "false_attribution",
        "fraction of all files, with an exact 95 % interval",
        "(wrong names on marked files + any names on unmarked files) / all files",
        "as traceability",
    ),
    Definition(
        "value_traceability",
        "fraction of paid base units",
        "units that lead back to a counted event and a registered work / units paid",
        "this ledger",
    ),
    Definition(
        "payout_traceability",
        "fraction of payouts",
        "payouts that lead back in full / payouts",
        "this ledger",
    ),
    Definition(
        "failure_rate",
        "fraction of transactions, with an exact 95 % interval",
        "failed transactions to the ledger's contracts / submitted ones",
        "C. Clopper, E. Pearson, The Use of Confidence or Fiducial Limits, 1934 (interval)",
    ),
    Definition(
        "dispute_rate",
        "fraction of shares, with an exact 95 % interval",
        "shares (a payee in a work's split) disputed in the period / shares named so far",
        "C. Clopper, E. Pearson, 1934 (interval)",
    ),
    Definition(
        "automatic_fulfilment",
        "fraction of base units, and of uses",
        "paid without the payee's asking / payable: pushed, asked for, or waiting",
        "this ledger",
    ),
)
