"""Payouts, epochs, metrics and the verifier over HTTP, against balances and fractions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from fastapi.testclient import TestClient

from chain.ledger.identifiers import Address, EpochNumber
from chain.metrics.plots import PICTURES
from chain.provenance import Cid, Codec
from oracle.history import segments_manifest
from tests.api.small_ledger import CHANT_USES, GONG_USES, SHARE, SmallLedger
from tests.devnet import PLATFORM
from tests.heritage import (
    DERIVATIVE_INCOME,
    DISTRIBUTION_PRICE,
    GENERATION_PRICE,
    TRAINING_PRICE,
    UNIT_PRICE,
)

BPS = 10_000
FLUTE_PAYEES = (20, 21)
PASSED_BACK = Fraction(SHARE, 10**9) * DERIVATIVE_INCOME
GONG_INCOME = TRAINING_PRICE + GENERATION_PRICE + DISTRIBUTION_PRICE + PASSED_BACK
CHANT_INCOME = GENERATION_PRICE + PASSED_BACK


def splits(ledger: SmallLedger) -> tuple[dict[Address, int], dict[Address, int]]:
    """Basis points of the gong's and of the chant's payees, as the heritage set them."""
    payee = ledger.devnet.address
    gong = {payee(17): 3_333, payee(18): 3_333, payee(19): 3_334}
    chant = {payee(22): 5_000, payee(23): 4_999, ledger.heritage.rejecting_payee: 1}
    return gong, chant


def floors(income: Fraction, bps: Mapping[Address, int]) -> dict[Address, int]:
    return {payee: int(income * part / BPS) for payee, part in bps.items()}


def expected_payouts(ledger: SmallLedger) -> dict[Address, tuple[int, int, int]]:
    """Direct lane, epoch lane and waiting of every payee, by fractions."""
    gong, chant = splits(ledger)
    owed_direct = floors(GONG_INCOME, gong) | floors(CHANT_INCOME, chant)
    owed_epoch = floors(Fraction(GONG_USES * UNIT_PRICE), gong) | floors(
        Fraction(CHANT_USES * UNIT_PRICE), chant
    )
    expected = {p: (owed_direct[p], owed_epoch[p], 0) for p in owed_direct}
    rejecting = ledger.heritage.rejecting_payee
    expected[rejecting] = (0, 0, owed_direct[rejecting] + owed_epoch[rejecting])
    unpaid = (*FLUTE_PAYEES, 24, 25, PLATFORM)
    return expected | {ledger.devnet.address(index): (0, 0, 0) for index in unpaid}


def test_payouts_are_what_fractions_say_and_what_accounts_hold(
    http: TestClient, ledger: SmallLedger
) -> None:
    head = ledger.devnet.node.head()

    answer = http.get("/v1/payouts").json()

    shown = {
        p["payee"]: (int(p["direct_lane"]), int(p["epoch_lane"]), int(p["waiting"]))
        for p in answer["payees"]
    }
    assert shown == expected_payouts(ledger)
    assert [p["payee"] for p in answer["payees"]] == sorted(shown, key=str.lower)
    assert answer["currency"] == {
        "token": ledger.devnet.deployment.token,
        "symbol": "aUSD",
        "decimals": 6,
    }
    for payee in answer["payees"]:
        if payee["payee"] != ledger.devnet.address(PLATFORM):
            held = ledger.devnet.token.balance_of(payee["payee"], at=head)
            assert int(payee["paid"]) == held


def test_the_payee_whose_account_reverts_has_a_deferral_in_each_lane(
    http: TestClient, ledger: SmallLedger
) -> None:
    deferrals = http.get("/v1/payouts").json()["deferrals"]

    chant = ledger.heritage.works[2]
    assert {(d["lane"], d["work_id"], d["amount"], d["waiting"]) for d in deferrals} == {
        ("direct", chant, str(int(CHANT_INCOME / BPS)), True),
        ("epoch", None, str(CHANT_USES * UNIT_PRICE // BPS), True),
    }
    assert {d["payee"] for d in deferrals} == {ledger.heritage.rejecting_payee}


def test_an_epoch_is_shown_with_its_roots_and_state(http: TestClient, ledger: SmallLedger) -> None:
    head = ledger.devnet.node.head()

    (epoch,) = http.get("/v1/epochs").json()["epochs"]

    assert (epoch["epoch"], epoch["events"]) == (1, GONG_USES + CHANT_USES)
    assert epoch["state"] == "active"
    # Fractions of a unit are carried to the next epoch, per payee.
    gong, chant = splits(ledger)
    units = floors(Fraction(GONG_USES * UNIT_PRICE), gong).values()
    units_chant = floors(Fraction(CHANT_USES * UNIT_PRICE), chant).values()
    assert epoch["cumulative_total"] == str(sum(units) + sum(units_chant))
    token = ledger.devnet.deployment.token
    standing = ledger.devnet.distributor.standing_report(token, EpochNumber(1), at=head)
    assert epoch["report"] == "0x" + (standing or b"").hex()


def gini(amounts: list[int]) -> Fraction:
    """Half the mean difference of all pairs, by the mean (Gini 1912)."""
    differences = sum(abs(a - b) for a in amounts for b in amounts)
    return Fraction(differences, 2 * len(amounts) * sum(amounts))


def test_equality_is_measured_over_every_community_payee(
    http: TestClient, ledger: SmallLedger
) -> None:
    platform = ledger.devnet.address(PLATFORM)
    paid = [
        direct + epoch
        for payee, (direct, epoch, _) in expected_payouts(ledger).items()
        if payee != platform
    ]

    measured = http.get("/v1/metrics").json()["inequality"]["registered"]

    assert (measured["payees"], measured["paid_payees"]) == (10, 5)
    assert measured["total"] == str(sum(paid))
    assert Fraction(measured["gini"]["exact"]) == gini(paid)
    squares = Fraction(sum(paid) ** 2, len(paid) * sum(amount**2 for amount in paid))
    assert Fraction(measured["jain"]["exact"]) == squares


def test_every_transaction_to_our_contracts_counts_for_the_failure_rate(
    http: TestClient, ledger: SmallLedger
) -> None:
    node, deployment = ledger.devnet.node, ledger.devnet.deployment
    ours = {address.lower() for address in deployment.contracts.values()}
    statuses = []
    for number in range(deployment.block, node.head().number + 1):
        block = node.rpc.request("eth_getBlockByNumber", hex(number), True)
        for transaction in block["transactions"]:
            if (transaction["to"] or "").lower() in ours:
                receipt = node.rpc.request("eth_getTransactionReceipt", transaction["hash"])
                statuses.append(int(receipt["status"], 16))

    rate = http.get("/v1/metrics").json()["failure_rate"]

    assert (rate["part"], rate["whole"]) == (statuses.count(0), len(statuses))
    assert statuses.count(0) == 1


def test_latency_counts_one_use_per_payment_or_event_and_payee(http: TestClient) -> None:
    latency = http.get("/v1/metrics").json()["latency"]["in_hand_latency"]

    # Licences: three of the gong, one of the chant (three payees each), two of two payees.
    # One sale of the derivative: three payees of each parent, and the platform.
    direct = 4 * 3 + 2 * 2 + (3 + 3 + 1)
    # The rejecting payee, the two new works' payees and the platform were not reached.
    direct_arrived = 3 * 3 + 2 + (3 + 2)
    assert latency["entered"] == direct + 3 * (GONG_USES + CHANT_USES)
    assert latency["arrived"] == direct_arrived + 3 * GONG_USES + 2 * CHANT_USES


@pytest.mark.parametrize("picture", PICTURES)
def test_the_pictures_are_svg(http: TestClient, picture: str) -> None:
    answer = http.get(f"/v1/metrics/{picture}.svg")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "<svg" in answer.text
    assert "<script" not in answer.text


def test_a_sound_ledger_verifies_and_names_what_is_not_held_here(http: TestClient) -> None:
    answer = http.get("/v1/verification").json()

    assert answer["discrepancies"] == []
    assert (answer["clean"], answer["difference_units"]) == (True, "0")
    assert min(answer["checks"].values()) > 0
    assert answer["checks"]["manifests"] == 5  # three works, and one text for two licences' terms
    # Four works, three communities' profiles, three texts of terms: digests of nothing. And there
    # is no oracle here that published payouts.
    assert len(answer["not_held_here"]) == 4 + 3 + 3 + 1


def test_a_flipped_manifest_byte_is_named_and_hides_no_work(
    http: TestClient, ledger: SmallLedger
) -> None:
    path = ledger.app.blocks.path_of(ledger.javanese.manifest)
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b"Lancaran", b"Lancarat"))
    try:
        verdict = http.get("/v1/verification").json()
        work = http.get(f"/v1/works/{ledger.javanese.work_id}").json()
    finally:
        path.write_bytes(sound)

    assert verdict["clean"] is False
    place = f"manifest {ledger.javanese.manifest} of work {ledger.javanese.work_id}"
    assert [d["place"] for d in verdict["discrepancies"]] == [place]
    assert work["titles"] == []
    assert len(work["licences"]) == 1


def test_an_altered_usage_event_is_named_and_no_figure_is_made_of_it(
    http: TestClient, ledger: SmallLedger
) -> None:
    # Other tests leave segments of epochs that were undone.
    posted = ledger.app.store.epochs(at=ledger.app.head())[0].report
    segment = segments_manifest(ledger.app.blocks, posted.segments_digest).segments[0].cid
    path = ledger.app.blocks.path_of(segment)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    try:
        verdict = http.get("/v1/verification").json()
        figures = http.get("/v1/metrics")
    finally:
        path.write_bytes(sound)

    assert verdict["clean"] is False
    assert any(str(segment) in d["place"] for d in verdict["discrepancies"])
    assert figures.status_code == 500
    assert figures.json()["code"] == "block-unsound"
    assert str(segment) in figures.json()["detail"]
    assert str(path.parent) not in figures.text


def test_a_missing_segment_leaves_its_epoch_out_aloud(
    http: TestClient, ledger: SmallLedger
) -> None:
    digest = ledger.app.store.epochs(at=ledger.app.head())[0].report.segments_digest
    path = ledger.app.blocks.path_of(Cid.from_digest(digest, Codec.DAG_CBOR))
    sound = path.read_bytes()
    path.unlink()
    try:
        verdict = http.get("/v1/verification").json()
        figures = http.get("/v1/metrics")
    finally:
        path.write_bytes(sound)

    assert verdict["clean"] is False
    figures, whole = figures.json(), http.get("/v1/metrics").json()
    assert (figures["uncounted_epochs"], whole["uncounted_epochs"]) == ([1], [])
    assert figures["latency_by_lane"]["epoch"]["uses"] == 0
    # What the epoch paid leads back to no event that anybody can see here.
    paid = expected_payouts(ledger).values()
    direct, epoch = (sum(amounts[lane] for amounts in paid) for lane in (0, 1))
    assert Fraction(figures["value_traceability"]["exact"]) == Fraction(direct, direct + epoch)
    assert whole["value_traceability"]["exact"] == "1"
