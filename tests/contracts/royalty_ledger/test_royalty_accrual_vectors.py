"""The ledger against vectors computed in exact fractions, step by step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.royalty_ledger.stage import DERIVATIVE, RECORDING, by, resplit

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "royalty_accrual.json").read_text())
KINDS = {"RECORDING": RECORDING, "DERIVATIVE": DERIVATIVE}


@pytest.fixture(scope="module")
def play(deploy: Any, around: Any, PlainToken: Any, roles: Any) -> Any:
    """A ledger and a token of their own, with the works of the vectors."""
    ledger = deploy()
    token = PlainToken.deploy(18, by(roles.deployer))
    ledger.acceptToken(token, by(roles.curator))
    token.mint(roles.payer, 2**127, by(roles.deployer))
    token.approve(ledger, 2**127, by(roles.payer))
    for work in VECTORS["works"]:
        around.register(work["workId"], roles.steward, KINDS[work["kind"]], by(roles.deployer))
        if work["vector"]:
            around.link(work["workId"], work["vectorBytes"], by(roles.deployer))
    return Player(ledger, token, roles)


class Player:
    """Applies the steps of the vectors to a real ledger."""

    def __init__(self, ledger: Any, token: Any, roles: Any) -> None:
        self.ledger, self.token, self.roles = ledger, token, roles
        self.vectors = {work["workId"]: work["vectorBytes"] for work in VECTORS["works"]}
        self.splits: dict[tuple[int, int], list[tuple[str, int]]] = {}

    def apply(self, step: dict[str, Any]) -> None:
        work = step["workId"]
        if step["do"] == "setSplit":
            shares = [(share["payee"], share["bps"]) for share in step["shares"]]
            version = step["version"]
            self.splits[work, version] = shares
            if version == 1:
                tx = self.ledger.setSplit(work, shares, by(self.roles.steward))
            else:
                present = self.splits[work, version - 1]
                vector = bytes.fromhex(self.vectors[work][2:])
                tx = resplit(self.ledger, work, present, shares, self.roles.steward, vector)
            assert tx.return_value == step["version"]
        elif step["do"] == "pay":
            self.ledger.pay(work, self.token, int(step["amount"]), by(self.roles.payer))
        elif step["do"] == "settle":
            tx = self.ledger.settle(work, self.token, self.vectors[work], by(self.roles.stranger))
            settled = tx.events["Settled"]["amount"] if tx.events else 0
            assert settled == int(step["amount"])
        else:
            self.pay_out(step)

    def pay_out(self, step: dict[str, Any]) -> None:
        work, version = step["workId"], step["version"]
        arguments = (work, self.token, version, self.splits[work, version])
        if step["do"] == "claim":
            tx = self.ledger.claim(*arguments, step["payee"], by(self.roles.stranger))
            assert tx.return_value == int(step["amount"])
            return
        tx = self.ledger.push(*arguments, by(self.roles.stranger))
        paid = {e["payee"]: e["amount"] for e in tx.events["PaidOut"]} if tx.events else {}
        expected = {p["payee"]: int(p["amount"]) for p in step["paid"] if p["amount"] != "0"}
        assert paid == expected

    def state(self, share_keys: list[dict[str, Any]]) -> dict[str, Any]:
        works = list(self.vectors)
        flows = {w: self.ledger.flowOf(w, self.token) for w in works}
        held = self.token.balanceOf(self.ledger)
        return {
            "accrued": {str(w): str(self.ledger.accruedOf(w, self.token)) for w in works},
            "flow": {str(w): {"gross": str(g), "settled": str(s)} for w, (g, s) in flows.items()},
            "shares": [self.share(key) for key in share_keys],
            "held": held,
        }

    def share(self, key: dict[str, Any]) -> dict[str, Any]:
        work, version, payee = key["workId"], key["version"], key["payee"]
        shares = self.splits[work, version]
        due = self.ledger.dueTo(work, self.token, version, shares, payee)
        paid = self.ledger.paidTo(work, self.token, version, payee)
        return {
            "workId": work,
            "version": version,
            "payee": payee,
            "due": str(due),
            "paid": str(paid),
        }


def test_every_step_leaves_what_exact_fractions_say(play: Player) -> None:
    for number, step in enumerate(VECTORS["steps"]):
        play.apply(step)

        expected = dict(step["after"])
        custody = expected.pop("custody")
        expected["held"] = int(custody["paidIn"]) - int(custody["paidOut"])
        assert play.state(expected["shares"]) == expected, (number, step["do"])
