"""The API's answers as tables and trees for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from chain.ledger.money import Currency

if TYPE_CHECKING:
    from chain.metrics.report import ValueChainReport

Plain = dict[str, Any]


def table_of(*columns: str) -> Table:
    rows = Table(show_edge=False, pad_edge=False)
    for column in columns:
        rows.add_column(column, overflow="fold")
    return rows


def title_of(work: Plain) -> str:
    titles = work["titles"]
    return " · ".join(t["value"] for t in titles[:2]) if titles else "(manifest not held here)"


def works_table(answer: Plain) -> Table:
    rows = table_of("work", "title", "kind", "community", "manifest")
    for work in answer["works"]:
        community = str(work["community_id"] or "")
        rows.add_row(
            str(work["work_id"]), title_of(work), work["kind"], community, work["manifest"]
        )
    return rows


def work_table(work: Plain) -> Group:
    consents = table_of("tier", "consent", "until", "approvals")
    for consent in work["consents"]:
        state = consent["state"] + (" (lapsed)" if consent["lapsed"] else "")
        until = consent["until"] or ""
        consents.add_row(consent["tier"], state, until, str(consent["approvals"]))
    split = table_of("payee", "share")
    for share in (work["split"] or {"shares": []})["shares"]:
        split.add_row(share["payee"], f"{share['bps'] / 100:g} %")
    licences = table_of("licence", "tier", "holder", "active", "units used")
    for licence in work["licences"]:
        parent = licence["parent_licence_id"]
        licences.add_row(
            f"{licence['licence_id']}, under {parent}" if parent else str(licence["licence_id"]),
            licence["terms"]["tier"],
            licence["holder"],
            "yes" if licence["active"] else "no",
            licence["units_used"],
        )
    return Group(f"work {work['work_id']}: {title_of(work)}", consents, split, licences)


def said(words: str) -> Text:
    """A branch of a tree that is folded where a console would cut it off."""
    return Text(words, no_wrap=False, overflow="fold")


def trace_tree(answer: Plain) -> Tree:
    root = Tree(answer["name"])
    if not answer["generations"]:
        root.add(said(f"no mark found. {answer['searched']}"))
        root.add("that does not prove that there was none: docs/MISSING_MARK.md")
    for hint in answer["lookalikes"]:
        root.add(said(f"hint: {hint}"))
    if answer["ambiguous"]:
        root.add("ambiguous: evidence for a person to weigh, never a payment by itself")
    for found, identity in zip(
        answer["generations"], answer["detection"]["identities"], strict=True
    ):
        mark = root.add(f"mark {found['generation_id']}, z = {identity['z']:.1f}")
        for line in (*found["found_as"], found["sound"]):
            mark.add(said(line))
        if found["derivative"] is None:
            mark.add("issued, but nothing on chain answers to it")
            continue
        if identity["corroboration"]["outcome"] == "other-recording":
            continue  # it names nobody: no list of payees beside it
        work = found["derivative"]
        branch = mark.add(f"derivative {work['work_id']}: {title_of(work)}")
        for parent in found["parents"]:
            source = branch.add(
                f"licence {parent['licence_id']} → work {parent['work']['work_id']} "
                f"{title_of(parent['work'])}"
            )
            for share in parent["split"] or ():
                source.add(f"{share['bps'] / 100:g} % {share['payee']}")
    return root


def payouts_table(answer: Plain) -> Table:
    currency = Currency(**answer["currency"])
    rows = table_of("payee", "direct lane", "epoch lane", f"paid, {currency.symbol}", "waiting")
    for payee in answer["payees"]:
        amounts = (payee[k] for k in ("direct_lane", "epoch_lane", "paid", "waiting"))
        rows.add_row(payee["payee"], *(currency.text(int(amount)) for amount in amounts))
    return rows


def usage_table(answer: Plain) -> Table:
    rows = table_of("usage", "value")
    for state, events in answer["events"].items():
        rows.add_row(f"events {state}", f"{events:,}")
    currency = Currency(**answer["currency"])
    for holder, units in answer["credits"].items():
        credit = f"{currency.text(int(units))} {currency.symbol}"
        rows.add_row("in the epoch lane", f"{credit} of {holder}")
    rows.add_row("segments are of chain", str(answer["chain_id"]))
    rows.add_row("and of oracle", answer["usage_oracle"])
    return rows


def segment_table(answer: Plain) -> Group:
    rows = table_of("epoch", "state", "events", "why")
    for held in answer["held"]:
        epoch = "" if held["epoch"] is None else str(held["epoch"])
        rows.add_row(epoch, held["state"], f"{held['events']:,}", held["reason"])
    title = f"segment {answer['cid']}: {answer['count']:,} events of {answer['producer']}"
    return Group(title, rows)


def payout_proof_table(answer: Plain) -> Table:
    """The proof and the call that claims by it."""
    rows = table_of("of the proof", "value")
    for name in ("payee", "token", "epoch", "index", "leaf", "cumulative", "claimed", "due"):
        rows.add_row(name, str(answer[name]))
    rows.add_row("root", f"{answer['root']['hash']}, sum {answer['root']['sum']}")
    for node in answer["siblings"]:
        rows.add_row("sibling", f"{node['hash']}, sum {node['sum']}")
    rows.add_row("claim: send to", answer["call"]["to"])
    rows.add_row("claim: data", answer["call"]["data"])
    return rows


def event_proof_table(answer: Plain) -> Table:
    rows = table_of("of the proof", "value")
    for name in ("event_id", "epoch", "usage_root", "leaf"):
        rows.add_row(name, str(answer[name]))
    for sibling in answer["siblings"]:
        rows.add_row("sibling", sibling)
    return rows


def metrics_table(answer: Plain) -> Table:
    rows = table_of("figure", "value", "of")
    for name in ("available_latency", "in_hand_latency"):
        latency = answer["latency"][name]
        of = f"{latency['arrived']} of {latency['entered']} arrived"
        for mark in ("median", "p90"):
            found = latency[mark]
            seconds = found["seconds"]
            shown = found["reach"] if seconds is None else f"{seconds} s"
            rows.add_row(f"{name.replace('_', ' ')}, {mark}", shown, of)
    equality = answer["inequality"]["registered"]
    of = f"{equality['payees']} payees, {equality['paid_payees']} paid"
    for name in ("gini", "theil", "jain"):
        found = equality[name]
        rows.add_row(name, "not defined" if found is None else f"{found['value']:.4f}", of)
    failure = answer["failure_rate"]
    rate = failure["rate"]
    shown = "not defined" if rate is None else f"{100 * rate['value']:.2f} %"
    rows.add_row("on-chain failure rate", shown, f"{failure['part']} of {failure['whole']}")
    return rows


def report_table(made: ValueChainReport) -> Group:
    """A report as its figures and its sentences."""
    from chain.metrics.report_tables import report_tables
    from chain.metrics.report_words import in_short

    summary = report_tables(made)["summary"]
    rows = table_of(*summary.columns)
    for row in summary.rows:
        rows.add_row(*row)
    heading = [made.record.period.name, *([made.label] if made.label else [])]
    return Group(*heading, rows, *(Text(sentence) for sentence in in_short(made).values()))


def verification_table(answer: Plain) -> Group:
    rows = table_of("compared", "count")
    for check, count in answer["checks"].items():
        rows.add_row(check, str(count))
    found = [
        f"{d['check']}: {d['place']}: expected {d['expected']}, found {d['found']}"
        for d in answer["discrepancies"]
    ]
    verdict = f"difference: {answer['difference_units']} units, {len(found)} discrepancies"
    return Group(rows, *found, verdict)


def checks_table(answer: Plain) -> Table:
    rows = table_of("", "what", "found", "next step")
    for check in answer["checks"]:
        mark = "ok" if check["ok"] else "NO"
        rows.add_row(mark, check["name"], check["detail"], check["next_step"])
    return rows
