"""The pictures of a report: SVG text, repeatable, readable on light and on dark."""

from chain.metrics.plots.decomposition import decomposition_svg
from chain.metrics.plots.durations import shown_duration
from chain.metrics.plots.funnel import STEPS_IN_WORDS, funnel_svg
from chain.metrics.plots.lorenz import lorenz_svg
from chain.metrics.plots.report_pictures import PICTURES, draw, draw_all
from chain.metrics.plots.settlement import settlement_svg
from chain.metrics.plots.stages import STAGES_IN_WORDS, stages_svg

__all__ = [
    "PICTURES",
    "STAGES_IN_WORDS",
    "STEPS_IN_WORDS",
    "decomposition_svg",
    "draw",
    "draw_all",
    "funnel_svg",
    "lorenz_svg",
    "settlement_svg",
    "shown_duration",
    "stages_svg",
]
