"""Traditional Knowledge and Biocultural labels of a consent, a byte each.

The labels and their names are Local Contexts' (localcontexts.org); the codes are ours. They tell
people and platforms how to treat a work. Nothing in the contracts follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from chain.ledger.errors import Malformed
from chain.ledger.words import WORD_BYTES


class Label(IntEnum):
    """Codes below 64 are Traditional Knowledge labels, those from 64 on Biocultural ones."""

    TK_ATTRIBUTION = 1
    TK_CLAN = 2
    TK_FAMILY = 3
    TK_MULTIPLE_COMMUNITIES = 4
    TK_COMMUNITY_VOICE = 5
    TK_CREATIVE = 6
    TK_VERIFIED = 7
    TK_NON_VERIFIED = 8
    TK_SEASONAL = 9
    TK_WOMEN_GENERAL = 10
    TK_MEN_GENERAL = 11
    TK_MEN_RESTRICTED = 12
    TK_WOMEN_RESTRICTED = 13
    TK_CULTURALLY_SENSITIVE = 14
    TK_SECRET_SACRED = 15
    TK_OPEN_TO_COMMERCIALIZATION = 16
    TK_NON_COMMERCIAL = 17
    TK_COMMUNITY_USE_ONLY = 18
    TK_OUTREACH = 19
    TK_OPEN_TO_COLLABORATION = 20
    BC_PROVENANCE = 64
    BC_MULTIPLE_COMMUNITIES = 65
    BC_CLAN = 66
    BC_CONSENT_VERIFIED = 67
    BC_CONSENT_NON_VERIFIED = 68
    BC_RESEARCH_USE = 69
    BC_OPEN_TO_COLLABORATION = 70
    BC_OPEN_TO_COMMERCIALIZATION = 71
    BC_OUTREACH = 72
    BC_NON_COMMERCIAL = 73


def encode_labels(labels: Iterable[Label]) -> bytes:
    """A word with one byte per label, ascending, zeros at the end; the empty set is all zeros."""
    codes = bytes(sorted(set(labels)))
    return codes.ljust(WORD_BYTES, b"\0")


def decode_labels(word: bytes) -> tuple[Label, ...]:
    """The labels of a word, ascending.

    Raises Malformed for another length, another order, or codes that are no label.
    """
    codes = word.rstrip(b"\0")
    known = set(Label)
    fits = len(word) == WORD_BYTES and list(codes) == sorted(set(codes)) and known >= set(codes)
    if not fits:
        raise Malformed("labels", f"0x{word.hex()} is no ascending list of known codes")
    return tuple(Label(code) for code in codes)
