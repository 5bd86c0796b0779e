"""The page's second half: how long settlement takes, and what of it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from chain.metrics.table2.published import PUBLISHED, Arm

Reports = dict[str, Any]

# Where each stage of our own settlement comes from.
_STAGES: Final = {
    "DETECTED": ("use to report", "drawn: median 2 min; 1 % disputed, 3 d on average"),
    "REPORTED": ("waiting for the epoch's hour", "the node's clock when its segments were filed"),
    "CLOSED": ("sealing", "the block that the epoch was sealed at"),
    "FINAL": ("signing and posting", "the block that took the report"),
    "CLAIMABLE": ("time to object", "the contract's own window"),
    "PAID": ("activating and pushing", "the block that paid"),
}  # fmt: skip


def latency_rows(reports: Reports) -> Iterator[str]:
    yield "## Latency rows"
    yield ""
    yield (
        "![Settlement times](images/table2-latency.svg)\n\nThe first two arms are **times drawn** "
        "from mixtures made to meet the published quantiles; nothing settled them. The third went "
        "through the oracle and the contracts on a schedule like the paper's: uses and their "
        "delays until reported are drawn, the rest is read from blocks."
    )
    yield ""
    yield "| arm | uses | q25 | median | q75 | p90 | worst error |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, column in latency_columns(reports).items():
        cells = " | ".join(
            f"{a:.2f} ({b:g})"
            for a, b in zip(column["quantiles"], column["published"], strict=True)
        )
        error = 100 * column["worst_relative_error"]
        yield f"| {name} | {column['uses']:,} | {cells} | {error:.2f} % |"
    yield ""
    paper = reports["paper"]
    yield (
        f"Days; published in brackets. Third arm: {paper['epochs']} epochs, one every "
        f"{paper['period_seconds'] / 3600:.1f} h, {paper['window_seconds'] / 3600:g} h to object; "
        "the delay until reported is a gamma (shape 3, mean 0.548 d) or, for 19.9 %, a log-normal "
        "exception (median 3.58 d)."
    )
    yield ""


def own_settlement(reports: Reports) -> Iterator[str]:
    own = reports["own"]
    yield "## Our own settlement"
    yield ""
    yield (
        "Two schedules of ours through the same oracle and contracts. From a use until its payee "
        "can have the money (available), and until it is in the payee's account (in hand); days."
    )
    yield ""
    yield "| schedule | uses | epochs | available: median | p90 | in hand: median | p90 |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, found in own["schedules"].items():
        yield (
            f"| {name} | {found['uses']:,} | {found['epochs']} | {found['available'][1]:.4f} | "
            f"{found['available'][3]:.4f} | {found['in_hand'][1]:.4f} | {found['in_hand'][3]:.4f} |"
        )
    published = PUBLISHED[Arm.OURS].settlement_days
    hourly = next(iter(own["schedules"].values()))["in_hand"]
    yield ""
    yield (
        f"Published: median {published[1]:g} d, p90 {published[3]:g} d; the hourly schedule takes "
        f"1/{published[1] / hourly[1]:.1f} and 1/{published[3] / hourly[3]:.1f} of that (targets "
        ".28 d and .30 d). What the stages take, and where each figure comes from, in seconds "
        "(median, p90):"
    )
    yield ""
    names = list(own["schedules"])
    yield "| stage | " + " | ".join(names) + " | source |"
    yield "|---|" + "--:|" * len(names) + "---|"
    for stage, (what, source) in _STAGES.items():
        cells = " | ".join(
            ", ".join(f"{86_400 * v:.0f}" for v in own["schedules"][name]["stages"][stage])
            for name in names
        )
        yield f"| {what} | {cells} | {source} |"
    yield ""
    refusal = own["too_quick"]
    yield (
        "The window is most of it, and it is a choice: what a community gives up of it, it gives "
        "up of the time to object. Epochs are closed and paid by the oracle's worker, which comes "
        "round at each hour and at the end of each window here, and every two seconds by itself. "
        "Final after zero blocks here: on a public chain, add its own finality. A schedule of "
        f"{refusal['schedule']} does not fit the contract's queue, and waits: "
        f'"{refusal["refusal"]}"'
    )
    yield ""


def practice(reports: Reports) -> Iterator[str]:
    industry = reports["drawn"]["industry"]
    yield "## Today's practice"
    yield ""
    yield (
        "The published first arm is quicker than anything practised. Two arms of 2026, drawn "
        "log-normals: streams at 75 days in the middle (US mechanical collective: about 75 days "
        "after a month's end; distributors 32 to 97 days), and across borders at 305 days (APRA "
        "AMCOS's schedule for receipt, 54 society periods: p10 186, p90 531). Stress: 40 % of uses "
        "are never matched (of the collective's first $40.4 M, $16.4 M were not paid out). Settled "
        "uses alone flatter; over all uses what never arrives stays in the count."
    )
    yield ""
    yield "| arm | uses | never matched | of | q25 | median | q75 | p90 |"
    yield "|---|--:|--:|---|--:|--:|--:|--:|"
    for name, found in industry.items():
        for which, values in (("settled alone", found["settled_alone"]),
                              ("all uses", found["over_all"])):  # fmt: skip
            cells = " | ".join("not reached" if v is None else f"{v:.1f}" for v in values)
            share = f"{100 * found['unmatched']:.1f} %"
            yield f"| {name} | {found['uses']:,} | {share} | {which} | {cells} |"
    yield ""


def failure_rate(reports: Reports) -> Iterator[str]:
    found = reports["failures"]
    total, relayed = found["total"], found["relay"]
    yield "## On-chain failures"
    yield ""
    yield (
        "A settlement transaction posts a report, activates a root, pushes a range of eight payees "
        "or pays a claim. It **fails** when it is mined and reverts, is mined a second time, or is "
        "never mined. A payee that cannot take its money is deferred, and that is no failure: the "
        "money waits. Bytes that a fault made us send again are the same transaction, counted "
        "once. Four tokens (hooked payees, a barring issuer, no return value, one that calls "
        "back), a sixteenth of the payees of the first two hostile (rejecting, burning gas, "
        "returning a megabyte, re-entering; barred). On the way, by seed: bytes swallowed, "
        "doubled, the pool lost, blocks taken back."
    )
    yield ""
    yield "| transactions | submitted | failed |"
    yield "|---|--:|--:|"
    for kind, count in found["submitted"].items():
        yield f"| {kind} | {count:,} | {found['failed'].get(kind, 0)} |"
    if relayed is not None:
        yield (
            f"| claims of the oracle's own relay, killed {relayed['killed']} times | "
            f"{relayed['mined'] + relayed['lost']:,} | {relayed['failed'] + relayed['lost']} |"
        )
    yield f"| **all** | **{total['submitted']:,}** | **{total['failed']}** |"
    yield ""
    yield (
        f"**{total['failed']} of {total['submitted']:,}**: exact two-sided 95 % interval "
        f"{100 * total['low']:.4f} % to {100 * total['high']:.4f} %{_bound(total)} (published: "
        f"0.38 %, of what is not said). {found['sendings']:,} sendings for "
        f"{sum(found['submitted'].values()):,} transactions; {_listed(found['faults'])}. "
        f"{found['deferred']:,} payouts were deferred; {found['refused_by_dry_run']:,} claims of "
        "hostile payees were refused by the dry run that comes before signing, and are not among "
        "the transactions."
    )
    yield ""
    if relayed is None:
        yield (
            "The oracle's own relay was not part of this run; kills, lies and forks against it are "
            "`make faults` and `make kill-matrix`."
        )
    else:
        yield (
            f"The relay's faults: {_listed(relayed['faults'])}; what it refused meanwhile: "
            f"{_listed(relayed['refusals'])}."
        )
    yield ""
    yield "| token | payees | hostile | promised | paid | payees still owed | of them hostile |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for lane in found["lanes"]:
        yield (
            f"| {lane['token']} | {lane['payees']:,} | {lane['hostile']} | {lane['promised']:,} | "
            f"{lane['paid']:,} | {lane['waiting_payees']} | {lane['waiting_hostile']} |"
        )
    yield ""
    yield (
        "Nobody was paid more than promised, and what payees have is what the distributor's books "
        "say. The re-entering token attacks during the pushes of every third round, the last one "
        "among them: who was pushed to then waits for the next push or claims. The failures of a "
        "public chain's own are not in this: one node, blocks on demand, fees that are always met."
    )
    yield ""


def latency_columns(reports: Reports) -> dict[str, Any]:
    return {**reports["drawn"]["arms"], Arm.OURS.value: reports["paper"]}


def _bound(total: dict[str, Any]) -> str:
    if total["bound"] is None:
        return ""
    return f"; one-sided, at most {100 * total['bound']:.4f} %"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())
