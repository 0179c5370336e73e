"""Reading hub.toml: settings or every mistake at once."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from hub.core.errors import ConfigError
from hub.core.hubtoml import Catalogue, HubToml, read
from hub.core.mistakes import ConfigMistakes, Mistake
from hub.core.plugins import BrokenPlugin
from hub.core.secrets import Secret

Read = Callable[[str], HubToml]
Wrong = Callable[[str], list[Mistake]]


class Column(BaseModel):
    column: str
    default: str = ""


class ShopSettings(BaseModel):
    token: Secret
    columns: dict[str, str | tuple[str, ...] | Column] = {}
    region: Literal["eu", "au"] = "au"
    page_size: Annotated[int, Field(ge=1, le=250)] = 100

    @field_validator("page_size")
    @classmethod
    def _not_13(cls, value: int) -> int:
        if value == 13:
            raise ValueError("13 is reserved")
        if value == 14:
            raise KeyError("a bug of the plugin")
        return value


def _load(name: str) -> SimpleNamespace:
    if name == "broken":
        raise BrokenPlugin("plugin 'broken' failed to load")
    streams = [SimpleNamespace(name="customers"), SimpleNamespace(name="orders")]
    return SimpleNamespace(name=name, config=ShopSettings, streams_for=lambda _: streams)


CATALOGUE = Catalogue(["broken", "csv", "shop"], _load)  # type: ignore[arg-type]


@pytest.fixture
def read_toml(tmp_path: Path) -> Read:
    """Reads a text as hub.toml."""

    def read_text(text: str) -> HubToml:
        path = tmp_path / "hub.toml"
        path.write_text(text, "utf-8")
        return read(path, CATALOGUE)

    return read_text


@pytest.fixture
def wrong(read_toml: Read) -> Wrong:
    """The mistakes of a text."""

    def mistakes(text: str) -> list[Mistake]:
        with pytest.raises(ConfigMistakes) as caught:
            read_toml(text)
        return list(caught.value.mistakes)

    return mistakes


def test_empty_file_is_a_hub_with_defaults(read_toml: Read) -> None:
    """Nothing is required, so a first hub.toml may be empty; the default purposes apply."""
    settings = read_toml("").settings

    assert settings.hub.currency == "AUD"
    assert settings.purposes["marketing"].needs_consent
    assert not settings.purposes["service"].needs_consent


def test_declared_purposes_replace_the_default_ones(read_toml: Read) -> None:
    """A business that declares its purposes has exactly those."""
    text = '[purposes.returns]\ndescription = "Handle returns"\nbasis = "contract"\n'

    assert list(read_toml(text).settings.purposes) == ["returns"]


def test_connector_settings_are_validated_by_the_connector(read_toml: Read) -> None:
    """The plugin's own model turns the table into typed settings."""
    toml = read_toml(
        '[connections.a]\nconnector = "shop"\nsettings = { token = "${env:T}", region = "eu" }'
    )

    assert toml.connector_settings["a"] == ShopSettings(
        token=Secret("env", "T"), region="eu", page_size=100
    )
    assert list(toml.secrets()) == [(("connections", "a", "settings", "token"), Secret("env", "T"))]


def test_ten_mistakes_are_told_in_one_run_in_the_order_of_lines(wrong: Wrong) -> None:
    """Types, ranges, names, secrets, plugin settings: all at once, each with its place."""
    mistakes = wrong(
        """\
[hub]
nmae = "Shop"
region = "au"
[connections.a]
connector = "shpo"
[connections.b]
connector = "shop"
mode = "obsreve"
streams = ["orders", "custmers"]
schedule = { every = "15" }
[connections.b.settings]
token = "hunter2"
page_size = 1000
[connections.b.push.fields]
nps = { from = "voice.nps" }
[serve]
port = "8000"
"""
    )

    assert [str(m.place) for m in mistakes] == [
        "2:1", "3:10", "5:13", "8:8", "10:22", "12:9", "13:13", "15:7", "17:8"
    ]  # fmt: skip
    assert [m.suggestion for m in mistakes if m.suggestion] == ["name", "shop", "observe"]


def test_stream_names_are_checked_against_the_connector(wrong: Wrong) -> None:
    """A misspelt stream would silently never be read."""
    text = (
        '[connections.a]\nconnector = "shop"\nstreams = ["custmers"]\nsettings.token = "${env:T}"'
    )

    (mistake,) = wrong(text)

    assert (str(mistake.place), mistake.suggestion) == ("3:12", "customers")


def test_misspelt_required_key_is_one_mistake(wrong: Wrong) -> None:
    """It is both unknown and missing, but there is one thing to correct."""
    (mistake,) = wrong('[connections.a]\nconector = "shop"')

    assert mistake.suggestion == "connector"


def test_mapping_without_a_purpose_does_not_load(wrong: Wrong) -> None:
    """No field leaves for a reason that nobody stated."""
    text = '[connections.a]\nconnector="shop"\nsettings.token="${env:T}"\n'

    (mistake,) = wrong(text + 'push.fields = { nps = { from = "voice.nps" } }')

    assert mistake.message == 'missing key "purpose" in [connections.a.push.fields.nps]'
    assert mistake.expected == "a name from [purposes]"


def test_purpose_of_a_mapping_must_be_declared(wrong: Wrong) -> None:
    """A purpose that no table declares has no basis, so nothing may leave under it."""
    text = '[connections.a]\nconnector="shop"\nsettings.token="${env:T}"\n'

    (mistake,) = wrong(text + 'push.fields.x = { from = "voice.nps", purpose = "servce" }')

    assert mistake.suggestion == "service"


def test_review_threshold_above_auto_is_refused(wrong: Wrong) -> None:
    """Else no pair could ever wait for a steward."""
    (mistake,) = wrong("[identity]\nauto = 2.0\nreview = 3")

    assert str(mistake.place) == "3:10"
    assert mistake.expected == "a number up to 2.0"


def test_default_review_threshold_is_compared_too(wrong: Wrong) -> None:
    """Lowering only auto below the default of review is told at its table."""
    (mistake,) = wrong("[identity]\nauto = 1.0")

    assert mistake.place.line == 1


@pytest.mark.parametrize(
    "schedule", ["{}", '{ every = "1h", cron = "0 2 * * *" }', '{ cron = "99 * * * *" }']
)
def test_schedule_is_exactly_one_of_interval_and_cron(wrong: Wrong, schedule: str) -> None:
    """Two clocks for one connection, none at all, or an impossible hour are refused."""
    text = f'[connections.a]\nconnector="shop"\nsettings.token="${{env:T}}"\nschedule = {schedule}'

    (mistake,) = wrong(text)

    assert mistake.place.line == 4


def test_plugins_own_rule_is_told_in_its_words(wrong: Wrong) -> None:
    """A ValueError of a plugin's validator is a mistake of the admin, with its place."""
    text = '[connections.a]\nconnector="shop"\nsettings={token="${env:T}", page_size=13}'

    (mistake,) = wrong(text)

    assert mistake.message == "connections.a.settings.page_size: 13 is reserved"


FORMS = {
    "no form at all": ("email = 5", "5:17", ""),
    "entry of a list": ('email = ["a", 5]', "5:23", ""),
    "key of a table": ('email = { column = "a", defalt = "" }', "5:33", "default"),
    "missing key of a table": ('email = { default = "" }', "5:17", ""),
    "misspelt required key": ('email = { colum = "" }', "5:19", "column"),
}


@pytest.mark.parametrize(("entry", "place", "suggestion"), FORMS.values(), ids=FORMS)
def test_setting_of_several_forms_is_one_mistake(
    wrong: Wrong, entry: str, place: str, suggestion: str
) -> None:
    """Only the form that was probably meant is explained, not each that it could have been."""
    (mistake,) = wrong(
        '[connections.a]\nconnector="shop"\n[connections.a.settings]\ntoken="${env:T}"\n'
        f"columns.{entry}"
    )

    assert (str(mistake.place), mistake.suggestion) == (place, suggestion)


def test_broken_plugin_leaves_the_other_connections_usable(read_toml: Read) -> None:
    """Its connection is marked with the reason; the hub itself loads."""
    toml = read_toml(
        '[connections.a]\nconnector = "broken"\n'
        '[connections.b]\nconnector = "shop"\nsettings.token = "${env:T}"\n'
        '[connections.c]\nconnector = "shop"\nsettings = { token = "${env:T}", page_size = 14 }'
    )

    assert set(toml.connector_settings) == {"b"}
    assert toml.broken["a"] == "plugin 'broken' failed to load"
    assert "KeyError" in toml.broken["c"]


def test_literal_secret_is_refused_at_any_key_and_never_repeated(wrong: Wrong) -> None:
    """A vendor's token is recognised by its shape, even under a key that is unknown."""
    token = "shpat_0123456789abcdef0123456789abcdef"

    mistakes = wrong(
        f'[hub]\nname = "{token}"\n[connections.a]\nconnector="shop"\nnotes = "{token}"'
        f'\nsettings.token = "{token}"'
    )

    assert [m.place.line for m in mistakes] == [2, 5, 5, 6]
    assert not [m for m in mistakes if token in str(m)]
    assert sum("chmod" in str(m) or "mode 600" in str(m) for m in mistakes) == 3


def test_database_password_belongs_beside_the_url(wrong: Wrong) -> None:
    """The fix for a password in the URL is its own key with a reference."""
    (mistake,) = wrong('[store]\nurl = "postgresql+psycopg://hub:hunter2@db/hub"')

    assert 'password = "${env:NAME}"' in mistake.expected
    assert "hunter2" not in str(mistake)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[hub]\nname = \n", "2:8"),
        ("[hub\n", "1:5"),
        ('[hub]\nname = "x', "2:10"),
        ("[hub]\nname name\n", "2:6"),
    ],
)
def test_what_is_not_toml_is_placed(wrong: Wrong, text: str, place: str) -> None:
    """A syntax error has line and column like every other mistake."""
    (mistake,) = wrong(text)

    assert str(mistake.place) == place
    assert mistake.message.startswith("not TOML")


def test_every_duplicate_is_told_with_both_lines(wrong: Wrong) -> None:
    """All repetitions at once, each with the place it repeats."""
    mistakes = wrong('[hub]\nname = "a"\nname = "b"\n[serve]\n[hub]')

    assert [str(m) for m in mistakes] == [
        "3:1: hub.name stands twice, first at 2:1; expected each key and table once",
        "5:2: hub stands twice, first at 1:2; expected each key and table once",
    ]


def test_file_in_another_encoding_is_placed(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is told; no half-read settings are used."""
    path = tmp_path / "hub.toml"
    path.write_bytes(b'[hub]\nname = "Caf\xe9"')

    with pytest.raises(ConfigMistakes) as caught:
        read(path, CATALOGUE)

    assert str(caught.value.mistakes[0].place) == "2:12"


def test_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Windows editors write one."""
    path = tmp_path / "hub.toml"
    path.write_bytes(b'\xef\xbb\xbf[hub]\nname = "x"')

    assert read(path, CATALOGUE).settings.hub.name == "x"


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The first command of a new admin is often run in the wrong folder."""
    with pytest.raises(ConfigError, match="hub init") as caught:
        read(tmp_path / "hub.toml", CATALOGUE)

    assert caught.value.code == "HUB-202"


def test_folder_instead_of_a_file_is_told(tmp_path: Path) -> None:
    """An operating system's refusal is a message too."""
    with pytest.raises(ConfigError, match="cannot read"):
        read(tmp_path, CATALOGUE)


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    """A hostile file ends in a message, not in a stack overflow."""
    path = tmp_path / "hub.toml"
    path.write_text("a = " + "[" * 5_000 + "]" * 5_000)

    with pytest.raises(ConfigError):
        read(path, CATALOGUE)
