"""The ledger's state, folded from its events in chain order, and the direct lane's books.

Income is counted in numerators: a base unit is 1,000,000,000 for a work (its ancestors have shares
of that) and 10,000 times as much for a payee (a split is in basis points). It is divided only when
somebody is paid, so nothing is lost to rounding.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bundle import Report
from events import Event
from keccak import keccak256

SCALE = 1_000_000_000
BPS = 10_000
UNIT = SCALE * BPS
STACK_MAX = 500_000_000
ANCESTORS_MAX = 32
PROTECTED = 1 << 31
PATH_MAX = 8
ZERO = "0x" + "00" * 32
# What is done with each event.
STEPS = {
    "WorkRegistry.WorkRegistered": "_work_registered",
    "WorkRegistry.WorkDisplaced": "_work_displaced",
    "ConsentRegistry.CommunityFounded": "_community_founded",
    "ConsentRegistry.ConsentProposed": "_consent_proposed",
    "ConsentRegistry.ConsentGranted": "_consent_granted",
    "SharingRules.SharingRuleAnnounced": "_sharing_rule_announced",
    "LicenceRegistry.OfferOpened": "_offer_opened",
    "LicenceRegistry.LicenceTaken": "_licence_taken",
    "LicenceRegistry.LicenceSublicensed": "_licence_sublicensed",
    "LicenceRegistry.UsageRecorded": "_usage_recorded",
    "LicenceRegistry.UsageReturned": "_usage_returned",
    "DerivativeGraph.FloorDeclared": "_floor_declared",
    "DerivativeGraph.DerivativeLinked": "_derivative_linked",
    "RoyaltyLedger.TokenAccepted": "_token_accepted",
    "RoyaltyLedger.SplitSet": "_split_set",
    "RoyaltyLedger.Paid": "_paid",
    "RoyaltyLedger.Settled": "_settled",
    "RoyaltyLedger.PaidOut": "_paid_out",
    "Token.Transfer": "_transfer",
    "DirectReports.Deposited": "_deposited",
    "DirectReports.TakenBack": "_taken_back",
    "DirectReports.DirectReportPosted": "_direct_report_posted",
    "DirectReports.DirectReportReleased": "_direct_report_released",
    "DirectReports.DirectReportRejected": "_direct_report_rejected",
    "EpochDistributor.Funded": "_funded",
    "EpochDistributor.Charged": "_charged",
    "EpochDistributor.ChargeReturned": "_charge_returned",
    "DisputeCourt.CaseOpened": "_case_opened",
    "DisputeCourt.CaseEnded": "_case_ended",
}
Vector = dict[int, tuple[int, bool]]  # ancestor: share of SCALE, and whether a floor protects it


def word(value: Any) -> bytes:
    """A number, an account or a digest as 32 bytes."""
    if isinstance(value, str):
        return bytes.fromhex(value[2:]).rjust(32, b"\0")
    return int(value).to_bytes(32, "big")


def hash_of(*values: Any) -> str:
    """keccak256 of static values as the ABI encodes them."""
    digest: bytes = keccak256(b"".join(map(word, values)))
    return "0x" + digest.hex()


def encoded(vector: Vector) -> bytes:
    """A vector as its event has it: 8 bytes of id and 4 of share an ancestor, ids ascending."""
    return b"".join(
        work.to_bytes(8, "big") + (share | PROTECTED * safe).to_bytes(4, "big")
        for work, (share, safe) in sorted(vector.items())
    )


class Ledger:
    """Everything that the events said so far; `apply` checks each against the ones before it."""

    def __init__(self, report: Report, contracts: dict[str, str]) -> None:
        self.report, self.contracts = report, contracts
        self.works: dict[int, dict[str, Any]] = {}
        self.displaced: dict[int, int] = {}
        self.profiles: dict[int, str] = {}
        self.offers: dict[int, tuple[int, str]] = {}
        self.granted: set[tuple[int, int, str]] = set()
        self.rules: list[dict[str, Any]] = []
        self.terms: dict[int, dict[str, Any]] = {}
        self.licences: dict[int, dict[str, Any]] = {}
        self.above: dict[int, tuple[int, ...]] = {}  # of a sublicence: what it comes from, in order
        self.used: dict[int, tuple[int, int]] = {}
        self.uncounted: list[tuple[int, int, int]] = []  # use, of the licences above the one used
        self.floors: dict[int, tuple[int, int]] = {}  # root: share, and from when it binds
        self.generations: dict[int, tuple[int, list[tuple[int, int]]]] = {}
        self.vectors: dict[int, Vector] = {}
        self.tokens: list[str] = []
        self.splits: dict[int, list[dict[str, int]]] = {}
        self.starts: dict[tuple[int, str, int], int] = {}
        self.gross: dict[tuple[int, str], int] = defaultdict(int)
        self.settled: dict[tuple[int, str], int] = defaultdict(int)
        self.accrued: dict[tuple[int, str], int] = defaultdict(int)
        self.paid: dict[tuple[int, int, str, str], int] = defaultdict(int)
        self.paid_in: dict[str, int] = defaultdict(int)
        self.paid_out: dict[str, int] = defaultdict(int)
        self.moved: dict[tuple[str, str], int] = defaultdict(int)  # contract, token: in less out
        self.cases: dict[str, tuple[int, str]] = {}
        self.frozen_until: dict[tuple[int, str], int] = {}
        self.direct: dict[str, dict[str, Any]] = {}
        self.free: dict[tuple[str, str], int] = defaultdict(int)
        self.credits: dict[tuple[str, str], int] = defaultdict(int)  # token, licence holder
        self.deposits: dict[str, int] = defaultdict(int)
        self.released: dict[tuple[int, str], int] = defaultdict(int)
        self.from_reports: dict[tuple[int, str], int] = defaultdict(int)

    def apply(self, event: Event) -> None:
        """Take over one event; the roots and payouts of the epoch lane concern `lane`."""
        if event.name in STEPS:
            getattr(self, STEPS[event.name])(event, event.values)

    def frozen_at(self, time: int) -> set[tuple[int, str]]:
        """The shares under dispute at a time."""
        return {share for share, until in self.frozen_until.items() if until > time}

    def split_of(self, work: int) -> dict[str, int] | None:
        """Who is paid for a work now."""
        return self.splits[work][-1] if work in self.splits else None

    def divide(self, work: int, amount: int) -> list[tuple[int, int]]:
        """Income of a work among its ancestors and itself, in numerators of SCALE."""
        vector = self.vectors.get(work, {})
        rest = SCALE - sum(share for share, _ in vector.values())
        return [*((a, amount * vector[a][0]) for a in sorted(vector)), (work, amount * rest)]

    def due(self, work: int, token: str, version: int, payee: str) -> int:
        """Base units that a payee of one split version can still be paid."""
        start = self.starts.get((work, token, version), 0)
        newest = version == len(self.splits[work])
        end = (
            self.accrued[work, token] if newest else self.starts.get((work, token, version + 1), 0)
        )
        share = self.splits[work][version - 1].get(payee, 0)
        return (end - start) * share // UNIT - self.paid[work, version, token, payee]

    # works, consent and licences

    def _work_registered(self, event: Event, of: dict[str, Any]) -> None:
        self._check("licences", event, "its number", len(self.works) + 1, of["workId"])
        self.works[of["workId"]] = {
            "community": of["communityId"],
            "kind": of["kind"],
            "manifest": of["manifestDigest"],
        }

    def _work_displaced(self, _event: Event, of: dict[str, Any]) -> None:
        self.displaced[of["displaced"]] = of["by"]

    def _community_founded(self, _event: Event, of: dict[str, Any]) -> None:
        self.profiles[of["communityId"]] = of["profileDigest"]

    def _consent_proposed(self, _event: Event, of: dict[str, Any]) -> None:
        self.offers[of["offer"]] = (of["workId"], of["proposal"]["termsHash"])

    def _consent_granted(self, _event: Event, of: dict[str, Any]) -> None:
        self.granted.add((of["workId"], of["tier"], of["termsHash"]))

    def _sharing_rule_announced(self, event: Event, of: dict[str, Any]) -> None:
        before = [r for r in self.rules if r["communityId"] == of["communityId"]]
        self._check("licences", event, "version", len(before) + 1, of["version"])
        self.rules.append(of)

    def _offer_opened(self, event: Event, of: dict[str, Any]) -> None:
        digest = hash_of(*of["terms"].values())
        consented = self.offers.get(of["offer"])
        found = (of["workId"], digest)
        self._check("licences", event, "work and terms as proposed", consented, found)
        granted = (of["workId"], of["terms"]["tier"], digest) in self.granted
        self._check("licences", event, "terms that the community granted", True, granted)
        self.terms[of["offer"]] = {**of["terms"], "work": of["workId"]}

    def _licence_taken(self, event: Event, of: dict[str, Any]) -> None:
        self._check("licences", event, "its number", len(self.licences) + 1, of["licenceId"])
        terms = self.terms.get(of["offer"])
        if terms is None:
            self._check("licences", event, "an offer that was opened", True, False)
            return
        self._check("licences", event, "work", terms["work"], of["workId"])
        named = {"holder": of["holder"], "expiry": of["expiry"], "takenAt": event.time}
        self.licences[of["licenceId"]] = {**terms, **named}
        self.used[of["licenceId"]] = (0, 0)

    def _licence_sublicensed(self, event: Event, of: dict[str, Any]) -> None:
        licence, parent = of["licenceId"], of["parent"]
        known = licence in self.licences and parent in self.licences
        if not self._check("licences", event, "one of two licences taken before", True, known):
            return
        caps = {"unitCap": of["unitCap"], "revenueCap": of["revenueCap"]}
        own = self.licences[licence] = {**self.licences[licence], **caps}
        bounds = ("unitCap", "revenueCap", "expiry")
        within = all(own[bound] <= self.licences[parent][bound] for bound in bounds)
        self._check("licences", event, f"bounds within those of licence {parent}", True, within)
        above = self.above[licence] = (parent, *self.above.get(parent, ()))
        self._check("licences", event, "8 licences on a path", True, len(above) < PATH_MAX)

    def _usage_recorded(self, event: Event, of: dict[str, Any]) -> None:
        self._use(event, of["licenceId"], of["units"], of["revenue"], of)

    def _usage_returned(self, event: Event, of: dict[str, Any]) -> None:
        self._use(event, of["licenceId"], -of["units"], -of["revenue"], of)

    def _use(
        self, event: Event, licence: int, units: int, revenue: int, of: dict[str, Any]
    ) -> None:
        if self.uncounted:
            expected = self.uncounted.pop(0)
            of_path = (licence, units, revenue)
            self._check("licences", event, "use of the next licence up", expected, of_path)
        else:
            self.uncounted = [(up, units, revenue) for up in self.above.get(licence, ())]
        before = self.used.get(licence, (0, 0))
        after = (before[0] + units, before[1] + revenue)
        found = (of["unitsUsed"], of["revenueUsed"])
        self._check("licences", event, f"use of licence {licence} so far", after, found)
        terms = self.licences.get(licence, {"unitCap": 0, "revenueCap": 0})
        within = found[0] <= terms["unitCap"] and found[1] <= terms["revenueCap"]
        self._check("licences", event, f"use within the caps of licence {licence}", True, within)
        self.used[licence] = found

    # derivatives

    def _floor_declared(self, _event: Event, of: dict[str, Any]) -> None:
        self.floors[of["root"]] = (of["floor"], of["bindsFrom"])

    def _derivative_linked(self, event: Event, of: dict[str, Any]) -> None:
        parents = [(p["workId"], p["licenceId"]) for p in of["parents"]]
        floors = {
            root: floor for root, (floor, since) in self.floors.items() if since <= event.time
        }
        vector = self._flatten(parents, floors)
        self._check("vectors", event, "ancestors and their shares", encoded(vector), of["vector"])
        linked = of["child"] not in self.vectors and of["generationId"] not in self.generations
        self._check("vectors", event, "linked for the first time", True, linked)
        within = sum(share for share, _ in vector.values()) <= STACK_MAX
        self._check("vectors", event, "no more passed on than may be", True, within)
        self.vectors[of["child"]] = vector
        self.generations[of["generationId"]] = (of["child"], parents)

    def _flatten(self, parents: list[tuple[int, int]], floors: dict[int, int]) -> Vector:
        """What parents under their licences owe to all ancestors. A parent passes on what its own
        vector says, rounded down, and keeps the rest; roots with a floor that binds are raised to
        it; of too many the smallest are folded into the parents through which they came."""
        share: dict[int, int] = {}
        through: dict[int, int] = {}
        safe: dict[int, bool] = {}
        need: dict[int, int] = {}
        own = {parent for parent, _ in parents}
        for parent, licence in parents:
            granted = self.licences.get(licence, {"royaltyShare": 0})["royaltyShare"]
            kept = granted
            for work, (part, is_safe) in sorted(self.vectors.get(parent, {}).items()):
                passed = granted * part // SCALE
                kept -= passed
                share[work] = share.get(work, 0) + passed
                through.setdefault(work, parent)
                if is_safe:
                    safe[work] = True
                    need[work] = max(need.get(work, 0), min(floors.get(work, 0), part))
            share[parent], safe[parent], need[parent] = kept, parent in floors, 0
            through.pop(parent, None)
        for work in sorted(share):
            short = need.get(work, 0) - share[work]
            if short > 0 and work in through:
                share[through[work]] -= min(short, share[through[work]])
                share[work] += short
        owed = sum(1 for part in share.values() if part)
        able = [w for w in share if share[w] and w not in own and not safe.get(w)]
        for smallest in sorted(able, key=lambda w: (share[w], -w)):
            if owed <= ANCESTORS_MAX:
                break
            owed -= share[through[smallest]] > 0
            share[through[smallest]] += share[smallest]
            share[smallest] = 0
        return {work: (part, safe.get(work, False)) for work, part in share.items() if part}

    # the direct lane

    def _token_accepted(self, _event: Event, of: dict[str, Any]) -> None:
        self.tokens.append(of["token"])

    def _split_set(self, event: Event, of: dict[str, Any]) -> None:
        payees = [share["payee"] for share in of["shares"]]
        ascending = payees == sorted(set(payees))
        self._check("direct lane", event, "payees ascend, each once", True, ascending)
        whole = sum(share["bps"] for share in of["shares"])
        self._check("direct lane", event, "shares together, in basis points", BPS, whole)
        versions = self.splits.setdefault(of["workId"], [])
        self._check("direct lane", event, "its version", len(versions) + 1, of["version"])
        if versions:
            for token in self.tokens:
                self.starts[of["workId"], token, len(versions) + 1] = self.accrued[
                    of["workId"], token
                ]
        versions.append({share["payee"]: share["bps"] for share in of["shares"]})

    def _paid(self, event: Event, of: dict[str, Any]) -> None:
        key = (of["workId"], of["token"])
        self.gross[key] += of["amount"]
        self._check("direct lane", event, "income so far", self.gross[key], of["gross"])
        if of["workId"] not in self.vectors:
            self.settled[key] += of["amount"]
            self.accrued[key] += of["amount"] * SCALE
        self.paid_in[of["token"]] += of["amount"]
        if of["payer"] == self.contracts["DirectReports"]:
            self.from_reports[key] += of["amount"]

    def _settled(self, event: Event, of: dict[str, Any]) -> None:
        key = (of["workId"], of["token"])
        waiting = self.gross[key] - self.settled[key]
        self._check("direct lane", event, "amount that waited", waiting, of["amount"])
        self.settled[key] += of["amount"]
        self._check("direct lane", event, "settled so far", self.settled[key], of["settled"])
        for receiver, numerator in self.divide(of["workId"], of["amount"]):
            self.accrued[receiver, of["token"]] += numerator

    def _paid_out(self, event: Event, of: dict[str, Any]) -> None:
        known = 1 <= of["version"] <= len(self.splits.get(of["workId"], []))
        due = self.due(of["workId"], of["token"], of["version"], of["payee"]) if known else 0
        self._check("direct lane", event, f"due to {of['payee']}", due, of["amount"])
        key = (of["workId"], of["version"], of["token"], of["payee"])
        self.paid[key] += of["amount"]
        self._check(
            "direct lane", event, f"paid to {of['payee']} so far", self.paid[key], of["paid"]
        )
        self.paid_out[of["token"]] += of["amount"]

    def _transfer(self, event: Event, of: dict[str, Any]) -> None:
        self.moved[of["to"], event.address] += of["value"]
        self.moved[of["from"], event.address] -= of["value"]

    # direct reports and disputes

    def _deposited(self, event: Event, of: dict[str, Any]) -> None:
        self._deposit(event, of["amount"], of)

    def _taken_back(self, event: Event, of: dict[str, Any]) -> None:
        self._deposit(event, -of["amount"], of)

    def _deposit(self, event: Event, amount: int, of: dict[str, Any]) -> None:
        self.deposits[of["token"]] += amount
        self._free(event, of["platform"], of["token"], amount, of["free"])

    def _free(self, event: Event, platform: str, token: str, amount: int, found: int) -> None:
        self.free[platform, token] += amount
        free = self.free[platform, token]
        self._check("direct reports", event, f"unlocked of {platform}", free, found)

    def _direct_report_posted(self, event: Event, of: dict[str, Any]) -> None:
        named = b"antiphon.usage.2" + of["report"]["usageKind"].to_bytes(1, "big")
        named += b"".join(of["report"][n].to_bytes(8, "big") for n in ("licenceId", "generationId"))
        digest = "0x" + keccak256(named + bytes.fromhex(of["report"]["sourceKey"][2:])).hex()
        self._check("direct reports", event, "id of its usage event", digest, of["eventId"])
        standing = self.direct.get(of["eventId"], {"state": "rejected"})["state"]
        self._check("direct reports", event, "reported once", "rejected", standing)
        licence = self.licences.get(of["report"]["licenceId"], {})
        expected = [licence.get(n) for n in ("work", "holder", "token", "unitPrice")]
        found = [of["held"][n] for n in ("workId", "platform", "token", "amount")]
        self._check("direct reports", event, "work, platform, token and price", expected, found)
        self.direct[of["eventId"]] = {**of["held"], "state": "held"}
        self._free(
            event, of["held"]["platform"], of["held"]["token"], -of["held"]["amount"], of["free"]
        )

    def _direct_report_released(self, event: Event, of: dict[str, Any]) -> None:
        held = self._ended(event, of["eventId"], "released")
        if held is not None:
            found = (of["workId"], of["token"], of["amount"])
            expected = (held["workId"], held["token"], held["amount"])
            self._check("direct reports", event, "work, token and amount", expected, found)
            self.released[held["workId"], held["token"]] += held["amount"]
            self.deposits[held["token"]] -= held["amount"]

    def _direct_report_rejected(self, event: Event, of: dict[str, Any]) -> None:
        held = self._ended(event, of["eventId"], "rejected")
        if held is not None:
            self._free(event, held["platform"], held["token"], held["amount"], of["free"])

    def _ended(self, event: Event, event_id: str, state: str) -> dict[str, Any] | None:
        held = self.direct.get(event_id)
        found = held["state"] if held else None
        if not self._check("direct reports", event, "a report that is held", "held", found):
            return None
        assert held is not None
        self.direct[event_id] = {**held, "state": state}
        return held

    # what licence holders have in the epoch lane

    def _funded(self, event: Event, of: dict[str, Any]) -> None:
        self._credit(event, of, of["amount"])

    def _charged(self, event: Event, of: dict[str, Any]) -> None:
        self._credit(event, of, -of["amount"])

    def _charge_returned(self, event: Event, of: dict[str, Any]) -> None:
        self._credit(event, of, of["amount"])

    def _credit(self, event: Event, of: dict[str, Any], amount: int) -> None:
        key = (of["token"], of["holder"])
        self.credits[key] += amount
        self._check("epoch lane", event, "the holder's credit", self.credits[key], of["credit"])

    # disputes

    def _case_opened(self, _event: Event, of: dict[str, Any]) -> None:
        self.cases[of["caseId"]] = (of["workId"], of["payee"])
        self.frozen_until[self.cases[of["caseId"]]] = of["frozenUntil"]

    def _case_ended(self, _event: Event, of: dict[str, Any]) -> None:
        if of["caseId"] in self.cases:
            self.frozen_until[self.cases[of["caseId"]]] = of["frozenUntil"]

    def _check(self, kind: str, event: Event, what: str, expected: Any, found: Any) -> bool:
        same: bool = self.report.compare(kind, f"{event.place}: {what}", expected, found)
        return same
