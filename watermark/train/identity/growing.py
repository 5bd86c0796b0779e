"""A wider evidence network that answers as a narrower trained one does, to train on from there."""

from __future__ import annotations

import torch

from watermark.identity.learned_evidence import EvidenceNetwork


def grow(old: EvidenceNetwork, new: EvidenceNetwork) -> None:
    """Copy `old` into the first channels of `new`; what is new is heard by nothing old.

    The new channels keep their random weights and the answer does not listen to them yet, so
    training can take them up. Raises ValueError if `new` is no wider.
    """
    known, wide = old.fast.out_channels, new.fast.out_channels
    if wide < known or (old.halves and not new.halves):
        raise ValueError(f"a network of {known} channels does not fit into one of {wide}")
    with torch.no_grad():
        new.fast.weight[:known] = 0
        new.fast.weight[:known, : old.fast.in_channels] = old.fast.weight
        for layer in ("slow", "across", "around"):
            for part in ("weight", "bias"):
                getattr(getattr(new, layer), part)[:known] = getattr(getattr(old, layer), part)
        gates = torch.cat((torch.arange(known), wide + torch.arange(known)))
        for layer, rows in (
            ("gated", gates),
            ("mixed", torch.arange(known)),
            ("answer", torch.arange(2)),
        ):
            fresh, trained = getattr(new, layer), getattr(old, layer)
            fresh.weight[rows] = 0
            fresh.weight[rows, :known] = trained.weight
            fresh.bias[rows] = trained.bias
