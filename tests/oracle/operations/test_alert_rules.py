"""The packaged alert rules, loaded and tried by Prometheus's own checker where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from api.stack.stack import ROOT

RULES = ROOT / "oracle" / "operations" / "alerts.yml"
BEFORE, AFTER = "0", "3d"
# What each rule's number is while all is well, and when somebody should be told; +1 each minute.
CASES = {
    "ConservationBroken": ("conservation_error_units", "0", "1"),
    "OracleUnreadable": ("readable", "1", "0"),
    "OracleSilent": ('ticks_total{outcome="done"}', "0+1", "7+0"),
    "EpochOld": ("epoch_age_seconds", "172800", "172801"),
    "PaydayLate": ("payday_overdue_seconds", "3600", "3601"),
    "NonceGap": ("nonce_gap", "8", "9"),
    "RelayPoor": ("relay_balance_wei", "1e16", "9e15"),
    "IndexBehind": ("blocks_behind", "50", "51"),
    "PausedLong": ('paused{level="seal"}', "0", "1"),
}


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool") or str(ROOT / ".tools" / "promtool")
    if not os.access(found, os.X_OK):
        pytest.skip("there is no promtool: it comes with Debian's package `prometheus`")
    return found


def test_the_rules_are_rules(promtool: str) -> None:
    told = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)

    assert told.returncode == 0, told.stderr
    assert f"{len(CASES)} rules found" in told.stdout


def test_every_question_of_the_dashboard_can_be_asked(promtool: str, tmp_path: Path) -> None:
    panels = json.loads(RULES.with_name("dashboard.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    recorded = [{"record": f"panel:{i}", "expr": expr} for i, expr in enumerate(asked)]

    for rules, code in ((recorded, 0), ([{"record": "panel:0", "expr": asked[0] + " by"}], 1)):
        file = tmp_path / "asked.yml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        told = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
        assert told.returncode == code, told.stderr


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_is_raised_by_its_number_and_by_no_smaller_one(
    alert: str, promtool: str, tmp_path: Path
) -> None:
    number, well, ill = CASES[alert]
    rule = next(
        rule
        for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
        if rule["alert"] == alert
    )
    labels = {"severity": rule["labels"]["severity"]}
    if "{" in number and not rule["expr"].startswith("max("):
        labels |= {"outcome": "done"}
    raised = [{"exp_labels": labels, "exp_annotations": rule["annotations"]}]
    case = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1h",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f"antiphon_oracle_{number}", "values": f"{values}x4320"}
                ],
                "alert_rule_test": [
                    {"eval_time": AFTER, "alertname": alert, "exp_alerts": expected}
                ],
            }
            for values, expected in ((steady(well), []), (steady(ill), raised))
        ],
    }
    place = tmp_path / "case.yml"
    place.write_text(yaml.safe_dump(case))

    told = subprocess.run([promtool, "test", "rules", place], capture_output=True, text=True)

    assert told.returncode == 0, told.stdout + told.stderr


def steady(values: str) -> str:
    """A series in the checker's own notation; what has no step stays as it is."""
    return values if "+" in values else f"{values}+0"
