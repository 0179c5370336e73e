"""Segment files: the shipped ones, those of the business, and what is refused in them."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from hub.core.errors import NotFound
from hub.core.mistakes import ConfigMistakes
from hub.segments.evaluation import Ground, of
from hub.segments.files import read, read_all, shipped
from tests.unit.segments.crowd import dynamic, written
from tests.unit.segments.test_rules import PROFILE, TODAY

GRID = {
    "rfm_champions": "54 55", "rfm_loyal": "34 35 44 45", "rfm_new": "51", "rfm_promising": "41",
    "rfm_potential_loyalists": "42 43 52 53", "rfm_need_attention": "33",
    "rfm_about_to_sleep": "31 32", "rfm_cannot_lose": "15 25", "rfm_at_risk": "13 14 23 24",
    "rfm_hibernating": "11 12 21 22",
}  # fmt: skip
"""Source: the ten groups on the grid of recency and frequency, docs.clevertap.com/docs/rfm."""


@pytest.mark.parametrize(("recency", "frequency"), [*product("12345", "12345")])
def test_every_cell_of_the_grid_is_in_its_own_group(recency, frequency):
    """Recency and frequency decide, for each of the 25 cells and whatever was spent."""
    (expected,) = (name for name, cells in GRID.items() if recency + frequency in cells.split())
    for spent in "15":
        value = {"rfm": {"value": f"{recency}-{frequency}-{spent}"}, "orders": {"value": 3}}
        profile = {**PROFILE, "value": value, "who": {"source_records": {"value": []}}}

        found = of("g1", profile, Ground(shipped(), TODAY))

        assert [name for name in found if name.startswith("rfm_")] == [expected]


def test_without_files_the_shipped_segments_apply(tmp_path):
    """One file of the business's own replaces all of them."""
    assert read_all(tmp_path, "segments/*.toml") is shipped()
    (tmp_path / "segments").mkdir()
    written(tmp_path / "segments", dynamic("own", "true"))

    assert [each.id for each in read_all(tmp_path, "segments/*.toml").defined] == ["own"]


def test_a_misspelt_segment_is_told_the_nearest(tmp_path):
    """As every name of the command line."""
    with pytest.raises(NotFound, match='did you mean "advocates"'):
        shipped().named("advocate")


def test_a_mistake_in_a_rule_has_file_line_and_column(tmp_path):
    """Also in a rule of several lines, at the very word."""
    path = tmp_path / "own.toml"
    path.write_text(
        '[[segments]]\nid = "a"\nversion = 1\ntitle = "A"\nowner = "Kim"\n'
        "rule = 'value.order > 1'\n"
        '[[segments]]\nid = "b"\nversion = 1\ntitle = "B"\nowner = "Kim"\n'
        "rule = '''\nvalue.orders > 1\n&& voice.npss > 1\n'''\n"
    )

    with pytest.raises(ConfigMistakes) as caught:
        read([path])

    assert str(caught.value).splitlines()[1:] == [
        f'{path}:6:9: segments[0].rule: no field "value.order"; expected a field: hub segments'
        ' fields; did you mean "value.orders"?',
        f'{path}:14:4: segments[1].rule: no field "voice.npss"; expected a field: hub segments'
        ' fields; did you mean "voice.nps"?',
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("rule = 'true'\nmembers = ['g1']", "does not belong to kind dynamic"),
        ("", "kind dynamic lacks rule"),
        ("kind = 'static'", "kind static lacks members or csv"),
        ("kind = 'event'\nrule = 'true'", "kind event lacks event"),
        ("kind = 'static'\ncsv = 'none.csv'", "cannot read none.csv: FileNotFoundError"),
        ("kind = 'static'\ncsv = 'own.toml'", "own.toml has no column customer"),
        ("kind = 'event'\nevent = { kinds = ['reviews'], within = '9d' }", "no kind of event"),
        ('rule = "who.name == \'Ada\\" > 1"', "has no meaning in a rule"),
        ("rul = 'true'", 'unknown key "rul"'),
    ],
)
def test_a_segment_has_what_its_kind_needs_and_nothing_else(tmp_path, lines, message):
    """Each is refused when the file is read, not when nobody turns out to be a member."""
    with pytest.raises(ConfigMistakes, match=message):
        written(tmp_path, f"id = 'a'\nversion = 1\ntitle = 'A'\nowner = 'Kim'\n{lines}")


def test_evaluating_rules_needs_no_command_line():
    """The library's package imports one, which every run would pay for."""
    seen = (
        "import sys; from datetime import UTC, date;"
        " from hub.segments.rule import Day, known, rule;"
        " bought = {'value': {'orders': {'value': 2}}}; today = Day(date(2026, 6, 1), UTC);"
        " print(rule('value.orders > 1').holds(known(bought, ['value.orders'], today)));"
        " print('prompt_toolkit' in sys.modules)"
    )

    found = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True)

    assert found.stdout == "True\nFalse\n"


def test_two_segments_of_one_name_are_refused(tmp_path):
    """Within a file and over files."""
    with pytest.raises(ConfigMistakes, match='another segment is called "a", too'):
        written(tmp_path, dynamic("a", "true"), dynamic("a", "false"))


def test_the_basis_follows_everything_that_decides(tmp_path: Path):
    """A rule, an entry of a list, an event: whoever changes one changes the fingerprint."""
    listed = "id = 'v'\nversion = 1\ntitle = 'V'\nowner = 'Kim'\nkind = 'static'\ncsv = 'v.csv'"
    found = set()
    for rule, entry in (("true", "g1"), ("false", "g1"), ("true", "g2")):
        (tmp_path / "v.csv").write_text(f"customer\n{entry}\n")
        found.add(written(tmp_path, dynamic("a", rule), listed).basis)

    assert len(found) == 3
