"""What a training run is: every knob, with its unit and its reason, in one frozen place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from watermark.train.recipe import Schedule

# The AudioSeal configuration, smaller: a quarter of the filters, half the bottleneck, no LSTM (so
# that chunks are exact), no weight normalisation (nothing to fold at load).
SEANET: dict[str, Any] = {
    "activation": "ELU",
    "activation_params": {"alpha": 1.0},
    "causal": False,
    "channels": 1,
    "compress": 2,
    "dilation_base": 2,
    "dimension": 64,
    "disable_norm_outer_blocks": 0,
    "kernel_size": 7,
    "last_kernel_size": 7,
    "lstm": 0,
    "n_filters": 8,
    "n_residual_layers": 1,
    "norm": "none",
    "norm_params": {},
    "pad_mode": "constant",
    "ratios": [8, 5, 4, 2],
    "residual_kernel_size": 3,
    "true_skip": True,
}
DECODER: dict[str, Any] = {
    "final_activation": None,
    "final_activation_params": None,
    "trim_right_ratio": 1.0,
}
NBITS = 16


@dataclass(frozen=True)
class Recipe(Schedule):
    """A training run of the presence networks."""

    steps: int = 5000
    corpus_clips: int = 640
    host_speed_spread: float = 0.0  # hosts are played up to this much faster or slower: new tunings
    batch_pairs: int = 8  # hosts per step; each is seen marked and unmarked
    heard_samples: int = 12800  # what the detector sees
    spare_samples: int = 1600  # marked beyond that, so that crops and speeds have room
    learning_rate: float = 8e-4
    snr_start_db: float = -3.0
    snr_floor_db: float = -3.0  # it never grows louder than this
    snr_ceiling_db: float = 31.0
    snr_step_db: float = 0.06
    raise_above: float = 0.88  # accuracy of 0.8 s decisions under attack, running mean
    lower_below: float = 0.79
    snr_spread_db: float = 3.0  # each host draws its own level within this of the current one
    effects_full_step: int = 1000  # effects come in gradually until here
    codec_from_step: int = 1600  # MP3, straight-through: not worth its cost before
    half_precision_until_step: int = 4600  # bfloat16 first, float32 for the fine end
