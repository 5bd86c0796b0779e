"""A path of sublicences on the development node, all of them the platform's."""

from __future__ import annotations

from dataclasses import replace

from chain.client.licence_registry import Sublicence
from chain.ledger.identifiers import LicenceId
from chain.ledger.rights import Terms, Tier
from tests.devnet import PLATFORM, Devnet
from tests.heritage import REVENUE_CAP, UNIT_CAP, Heritage, consent, take, terms_of

PRICE = 3
# How much narrower each licence is than the one above it: uses, and seconds.
NARROWER = 100


def sublicensable_terms(devnet: Devnet) -> Terms:
    return replace(terms_of(devnet, Tier.DISTRIBUTION, PRICE), sublicensable=True)


def licence_path(devnet: Devnet, heritage: Heritage, length: int) -> list[LicenceId]:
    """A DISTRIBUTION licence of the gong and sublicences, each of the one before it; each a little
    narrower but for its revenue cap."""
    platform, gong = devnet.signers[PLATFORM], heritage.works[0]
    terms = sublicensable_terms(devnet)
    consent(devnet, 11, gong, terms)
    path = [take(devnet, gong, terms)]
    expiry = devnet.licences.licence_of(path[0], at=devnet.node.head()).expiry
    for step in range(1, length):
        below = NARROWER * step
        part = Sublicence(platform.address, expiry - below, UNIT_CAP - below, REVENUE_CAP)
        given = devnet.licences.sublicense(path[-1], terms, part, signer=platform)
        path.append(devnet.licences.licence_taken(given))
    return path
