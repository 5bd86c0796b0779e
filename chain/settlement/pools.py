"""What announced sharing rules make of an epoch: communities' pools, exact to the last numerator.

A community's pool is what the epoch brought its own works, all in one token. Weights are what the
splits would give each payee of it; an announced rule divides the pool anew among those payees.
What a payee gets is laid to the works that it earned by, in proportion: so a share that is frozen
keeps back its own part and no other's. All in numerators of `UNIT_NUMERATOR`: a rule rounds a
numerator, never a unit of money, and without a rule nothing is divided twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, CommunityId, Digest, WorkId, address_bytes
from chain.ledger.rights import Split
from chain.ledger.sharing import (
    Announcement,
    SharingRule,
    community_root,
    floor_pro_rata,
    pro_rata,
)
from chain.settlement.facts import SettlementState

# What a work brings each of its payees, in numerators of `UNIT_NUMERATOR`.
Parts = dict[tuple[WorkId, Address], int]
# The works by which each payee of a group earned; both ascending.
_Group = dict[Address, list[WorkId]]


def entitlements(income: Mapping[WorkId, int], state: SettlementState) -> Parts:
    """What each work's income, in numerators of `SHARE_SCALE`, brings each payee: by the work's
    split, and by its community's rule where one holds. Raises Inconsistent if a pool were not
    divided whole, which no input can bring about."""
    parts = parts_by_split(income, state.splits)
    pools: dict[CommunityId, Parts] = {}
    for (work, payee), numerator in parts.items():
        community = state.communities.get(work)
        if community is not None and community in state.rules:
            pools.setdefault(community, {})[work, payee] = numerator
    for community, pool in pools.items():
        divided = divide_pool(pool, state.rules[community], state.previous_report)
        whole, found = sum(pool.values()), sum(divided.values())
        if whole != found:
            raise Inconsistent(f"the pool of community {community}", whole, found)
        parts.update(divided)
    return parts


def parts_by_split(income: Mapping[WorkId, int], splits: Mapping[WorkId, Split]) -> Parts:
    """What each work's income brings each payee of its split alone: a pool before any rule."""
    return {
        (work, share.payee): numerator * share.bps
        for work, numerator in income.items()
        for share in splits[work].shares
    }


def divide_pool(pool: Parts, announced: Announcement, epoch_hash: Digest) -> Parts:
    """A community's pool by its rule: the same works and payees, the same sum.

    FLOOR_PRO_RATA's floor is divided equally among all payees of the pool. COMMUNITY_ROOT's groups
    are works that are paid to the same payees, whatever their basis points. `epoch_hash` decides
    with whom each division begins.
    """
    whole = sum(pool.values())
    if announced.rule is SharingRule.FLOOR_PRO_RATA:
        everybody = _group(pool)
        weights = _weights(everybody, pool)
        amounts = floor_pro_rata(whole, weights, announced.phi_bps, epoch_hash).amounts
        return _laid_to_works(everybody, amounts, pool, epoch_hash)
    if announced.rule is SharingRule.COMMUNITY_ROOT:
        groups = _same_payees(pool)
        between = community_root(whole, [_weights(g, pool) for g in groups], epoch_hash)
        divided: Parts = {}
        for group, row in zip(groups, between.amounts, strict=True):
            divided |= _laid_to_works(group, row, pool, epoch_hash)
        return divided
    return dict(pool)


def _group(keys: Iterable[tuple[WorkId, Address]]) -> _Group:
    group: _Group = {}
    for work, payee in sorted(keys, key=lambda key: (address_bytes(key[1]), key[0])):
        group.setdefault(payee, []).append(work)
    return group


def _same_payees(pool: Parts) -> list[_Group]:
    """Works with the same payees together; groups ascend by their payees."""
    payees: dict[WorkId, list[bytes]] = {}
    for work, payee in pool:
        payees.setdefault(work, []).append(address_bytes(payee))
    keys: dict[tuple[bytes, ...], list[tuple[WorkId, Address]]] = {}
    for work, payee in pool:
        keys.setdefault(tuple(sorted(payees[work])), []).append((work, payee))
    return [_group(keys[together]) for together in sorted(keys)]


def _weights(group: _Group, pool: Parts) -> list[int]:
    return [sum(pool[work, payee] for work in works) for payee, works in group.items()]


def _laid_to_works(group: _Group, amounts: Iterable[int], pool: Parts, epoch_hash: Digest) -> Parts:
    """Each payee's amount, laid to its works as they would bring it by their splits."""
    divided: Parts = {}
    for (payee, works), amount in zip(group.items(), amounts, strict=True):
        row = pro_rata(amount, [pool[work, payee] for work in works], epoch_hash).amounts
        divided.update(((work, payee), part) for work, part in zip(works, row, strict=True))
    return divided
