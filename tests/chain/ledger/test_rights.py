"""Terms and splits hash as Solidity hashes them; a split that is not whole does not exist."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.ledger.errors import BadSplit, Malformed
from chain.ledger.identifiers import ZERO_ADDRESS, Address, Digest, address_from_bytes
from chain.ledger.rights import Share, Split, Terms, Tier

TERMS_TYPE = "(uint8,address,uint128,uint128,uint32,uint40,uint48,uint104,bool,bytes32)"
ACCOUNTS = st.binary(min_size=20, max_size=20).map(address_from_bytes)
PAYEES = ACCOUNTS.filter(lambda account: account != ZERO_ADDRESS)
TERMS = st.builds(
    Terms,
    tier=st.sampled_from(Tier),
    token=ACCOUNTS,
    price=st.integers(0, 2**128 - 1),
    unit_price=st.integers(0, 2**128 - 1),
    royalty_share=st.integers(0, 2**32 - 1),
    duration_seconds=st.integers(0, 2**40 - 1),
    unit_cap=st.integers(0, 2**48 - 1),
    revenue_cap=st.integers(0, 2**104 - 1),
    sublicensable=st.booleans(),
    text_digest=st.binary(min_size=32, max_size=32),
)


def account(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


def terms(**changed: object) -> Terms:
    fields: dict[str, object] = {
        "tier": Tier.GENERATION,
        "token": ZERO_ADDRESS,
        "price": 1,
        "unit_price": 1,
        "royalty_share": 150_000_000,
        "duration_seconds": 1,
        "unit_cap": 1,
        "revenue_cap": 1,
        "text_digest": bytes(32),
    }
    return Terms(**(fields | changed))  # type: ignore[arg-type]


@st.composite
def splits(draw: st.DrawFn) -> Split:
    payees = draw(st.lists(PAYEES, min_size=1, max_size=64, unique=True))
    cuts = draw(st.sets(st.integers(1, 9_999), min_size=len(payees) - 1, max_size=len(payees) - 1))
    edges = [0, *sorted(cuts), 10_000]
    return Split.of({p: edges[i + 1] - edges[i] for i, p in enumerate(payees)})


@given(TERMS)
def test_terms_hash_as_the_abi_encoded_struct(terms: Terms) -> None:
    fields = (
        int(terms.tier),
        terms.token,
        terms.price,
        terms.unit_price,
        terms.royalty_share,
        terms.duration_seconds,
        terms.unit_cap,
        terms.revenue_cap,
        terms.sublicensable,
        terms.text_digest,
    )

    assert keccak(encode([TERMS_TYPE], [fields])) == terms.hash()


@given(splits())
def test_a_split_hashes_as_the_abi_encoded_shares(split: Split) -> None:
    pairs = [(share.payee, share.bps) for share in split.shares]

    assert keccak(encode(["(address,uint16)[]"], [pairs])) == split.hash()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", 2**128),
        ("unit_price", -1),
        ("royalty_share", 2**32),
        ("duration_seconds", 2**40),
        ("unit_cap", 2**48),
        ("revenue_cap", 2**104),
        ("text_digest", Digest(b"short")),
    ],
)
def test_terms_wider_than_the_contract_are_refused(field: str, value: object) -> None:
    with pytest.raises(Malformed):
        terms(**{field: value})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"tier": Tier.TRAINING}, "GENERATION tier alone"),
        ({"royalty_share": 500_000_001}, "exceeds 500000000"),
        ({"duration_seconds": 0}, "at least a second"),
    ],
)
def test_terms_that_contradict_themselves_say_why(changed: dict[str, object], why: str) -> None:
    contradiction = terms(**changed).contradiction()

    assert contradiction is not None and why in contradiction


def test_sound_terms_contradict_nothing() -> None:
    assert terms().contradiction() is None
    assert terms(tier=Tier.TRAINING, royalty_share=0).contradiction() is None


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        ([], "1 to 64 payees"),
        ([(i + 1, 1) for i in range(65)], "1 to 64 payees"),
        ([(1, 9_999)], "sum to 9999"),
        ([(1, 5_001), (2, 5_000)], "sum to 10001"),
        ([(0, 10_000)], "zero, twice"),
        ([(1, 5_000), (1, 5_000)], "zero, twice"),
        ([(2, 5_000), (1, 5_000)], "out of order"),
        ([(1, 0), (2, 10_000)], "0 basis points"),
        ([(1, -1), (2, 10_001)], "-1 basis points"),
    ],
)
def test_what_is_no_split_does_not_exist(shares: list[tuple[int, int]], why: str) -> None:
    with pytest.raises(BadSplit, match=why):
        Split(tuple(Share(account(number), bps) for number, bps in shares))


def test_payees_ascend_by_number_not_by_capitals() -> None:
    low = Address("0x0aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".lower())
    split = Split.of({account(0xB0 << 152): 1, account(0xA0 << 152): 9_998, low: 1})

    assert [int(share.payee[2:4], 16) for share in split.shares] == [0x0A, 0xA0, 0xB0]


def test_an_account_outside_the_split_has_no_basis_points() -> None:
    split = Split.of({account(1): 4_000, account(2): 6_000})

    assert (split.bps_of(account(2)), split.bps_of(account(3))) == (6_000, 0)
