"""python -m chain.metrics.inequality: compile the pass over millions of payees."""

import sys

from chain.metrics.inequality.compiled import PAID_SUMS

sys.exit(
    PAID_SUMS.build_as_command(
        "measuring inequality", "Millions of payees will be measured with numpy, more slowly."
    )
)
