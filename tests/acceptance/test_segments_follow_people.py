"""Whoever turns out to be one customer, or two, takes their segments along: told by whole runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.cli.main import run

TOML = """
[hub]
data_dir = "."
time_zone = "UTC"
[connections.shop]
connector = "csv"
[connections.shop.settings]
folder = "files"
[connections.shop.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { given_name = "first", family_name = "last", emails = ["email"], birth_date = "born" }
dates = ["iso"]
timezone = "UTC"
"""
SEGMENT = """
[[segments]]
id = "vip"
version = 1
title = "VIP"
owner = "Kim"
kind = "static"
members = ["shop/customers/2"]
"""
ADA = "1,Ada,Lovelace,ada@example.org,1975-12-10"
SAME, OTHER = "2,Ada,Lovelace,ada@example.org,1975-12-10", "2,Grace,Hopper,g@example.net,1966-12-09"


@pytest.mark.slow
def test_a_merge_and_a_split_move_the_membership(tmp_path: Path, capsys) -> None:
    """The record on the list is Grace's, then turns out to be Ada's, then Grace's again."""
    (tmp_path / "files").mkdir()
    (tmp_path / "segments").mkdir()
    (tmp_path / "hub.toml").write_text(TOML)
    (tmp_path / "segments/own.toml").write_text(SEGMENT)

    def hub(*arguments: str) -> dict:
        code = run([*arguments, "--json", "--config", str(tmp_path / "hub.toml")])
        said = capsys.readouterr()
        assert code == 0, said.err
        found: dict = json.loads(said.out)
        return found

    def members(second: str) -> list[str]:
        (tmp_path / "files/customers.csv").write_text(
            f"id,first,last,email,born\n{ADA}\n{second}\n"
        )
        hub("run")
        found: list[str] = hub("segments", "show", "vip", "--members")["members"]
        return found

    (grace,) = members(OTHER)
    (merged,) = members(SAME)
    (again,) = members(OTHER)

    ada = hub("segments", "history", "shop/customers/1")
    assert [spell["until"] is None for spell in ada["spells"]] == [False]
    (spell,) = hub("segments", "history", "shop/customers/2")["spells"]
    assert (spell["as"], spell["until"]) == (again, None)
    assert (merged, again) == (ada["golden_id"], grace)
    assert spell["since"] < ada["spells"][0]["since"]
