"""What a scan searches for: the keys and the issued ids of a state folder, in little memory."""

from __future__ import annotations

import ctypes
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from watermark.identity.codewords import EpochKey
from watermark.identity.detector import Reader
from watermark.identity.networks import best_evidence
from watermark.identity.null_model import NullModel
from watermark.identity.search import IdSearch
from watermark.identity.symbols import Ids
from watermark.registry import Registry
from watermark.service.key_ring import KeyRing
from watermark.service.settings import WatermarkSettings

_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -8, -3, -1  # of malloc.h


class NothingToSearchFor(Exception):
    """There is no key ring; says what to do."""


@dataclass(frozen=True)
class Sought:
    """The issued ids, by the epoch key of their marks."""

    keys: tuple[EpochKey, ...]
    values: tuple[Ids, ...]  # of each key; read from the register once, so that all see the same

    @classmethod
    def load(cls, state: Path) -> Sought:
        """What a state folder holds now. Raises NothingToSearchFor and EpochKeyUnusable."""
        settings = WatermarkSettings(state=state)
        if not settings.keys_folder.exists() and not settings.single_key_path.exists():
            raise NothingToSearchFor(
                f"{state} has no keys; give the --state of the service that marks the recordings"
            )
        ring = KeyRing.open(settings.keys_folder, adopt=settings.single_key_path)
        keys = (ring.current(), *ring.older())
        with closing(Registry(settings.registry_path)) as registry:
            values = tuple(registry.issued_after(key_id=key.key_id).values for key in keys)
        return cls(keys, values)

    @property
    def ids(self) -> int:
        return sum(len(values) for values in self.values)

    @property
    def key_ids(self) -> tuple[str, ...]:
        return tuple(key.key_id for key in self.keys)

    def reader(self) -> Reader:
        """A reader of all of them. Raises CalibrationMissing and WeightsRefused."""
        searches = []
        for key, values in zip(self.keys, self.values, strict=True):
            search = IdSearch(key)
            search.add_values(values)
            searches.append(search)
        reader = Reader(searches, NullModel.load(), best_evidence())
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)  # what loading took goes back before the scan
        return reader


def bound_memory() -> None:
    """One thread per search; two pools for all threads, large pieces given back at once (glibc).

    Each thread's own pool would keep what it once needed.
    """
    torch.set_num_threads(1)  # the threads of the scan share the cores
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)
        mallopt(_M_TRIM_THRESHOLD, 4 << 20)
