"""What a process beside others is told, and what it says when that is too little."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.client.errors import KeyRefused
from chain.settings import SettingsInvalid
from oracle.__main__ import main
from oracle.errors import OutboxNotHeld
from oracle.lease import Role
from oracle.opening import open_oracle
from oracle.settings import OracleSettings
from tests.devnet import RELAY
from tests.oracle.conftest import World
from tests.oracle.operator_processes import deployment_file

URLS = "http://127.0.0.1:1 http://127.0.0.1:2 http://127.0.0.1:3"


def given(world: World, **more: str) -> dict[str, str]:
    folder: Path = world.folder
    return {
        "ANTIPHON_RPC_URL": world.devnet.node.endpoint,
        "ANTIPHON_DEPLOYMENT": str(
            deployment_file(world.devnet.deployment, folder / "beside.json", operators=[])
        ),
        "ANTIPHON_INDEX_URL": f"sqlite:///{folder / 'beside-index.sqlite'}",
        "ANTIPHON_OUTBOX": str(folder / "beside.sqlite"),
        "ANTIPHON_BLOCKS": str(folder / "blocks"),
    } | more


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ANTIPHON_OPERATORS": "ftp://there"}, "ANTIPHON_OPERATORS: give addresses"),
        ({"ANTIPHON_OPERATORS": "http://a http://a"}, "ANTIPHON_OPERATORS: gives an address twice"),
        (
            {"ANTIPHON_OPERATORS": "http://a", "ANTIPHON_OPERATORS_SECONDS": "101"},
            "ANTIPHON_OPERATORS_SECONDS: give a whole number, 0 to 100",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_named(variables: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsInvalid, match=words):
        OracleSettings.parse(variables)


def test_each_role_needs_its_own_keys_alone(world: World) -> None:
    asking = OracleSettings.parse(given(world, ANTIPHON_OPERATORS=URLS))
    sending = OracleSettings.parse(given(world, ANTIPHON_RELAY_KEY=f"dev:{RELAY}"))

    with open_oracle(asking, roles=[Role.EPOCH]) as service:
        with pytest.raises(OutboxNotHeld, match="role submit"):
            service.keep_direct_lane()
        with open_oracle(sending, roles=[Role.SUBMIT]) as beside:
            assert beside.tick().troubles == []
            with pytest.raises(OutboxNotHeld, match="role epoch"):
                beside.seal_epoch()
        assert service.tick().done == []

    with pytest.raises(SettingsInvalid, match="ANTIPHON_RELAY_KEY: is needed"):
        open_oracle(asking, roles=[Role.SUBMIT]).__enter__()
    with pytest.raises(SettingsInvalid, match="3 operators must sign and 0 are asked"):
        open_oracle(sending, roles=[Role.EPOCH]).__enter__()
    misplaced = OracleSettings.parse(given(world, ANTIPHON_RELAY_KEY="nowhere"))
    with pytest.raises(KeyRefused, match="begins with keystore:"):
        open_oracle(misplaced, roles=[Role.SUBMIT]).__enter__()


def test_evidence_waits_without_a_producers_key_and_plays_do_not(world: World) -> None:
    world.fund()
    settings = OracleSettings.parse(given(world, ANTIPHON_OPERATORS=URLS))
    with open_oracle(settings, roles=[Role.EPOCH]) as service:
        service.file_generation_log(world.log())
        assert service.open_epoch_status().attributed_events == 2
        service.file_segment(*world.segment(world.plays(3)))

        row = service.seal_epoch()

        assert row.report.event_count == 3
        assert service.open_epoch_status().attributed_events == 2


def test_an_epoch_that_nobody_signed_is_not_exported(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in given(world, ANTIPHON_OPERATORS=URLS).items():
        monkeypatch.setenv(name, value)

    assert main(["export", "1"]) == 1
    assert main(["export"]) == 1

    said = capsys.readouterr().err
    assert "epoch 1 is unknown" in said or "epoch 1 is not sealed" in said
    assert "say which epoch" in said
