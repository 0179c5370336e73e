"""Where the scanner says that keys and values stand."""

import tomllib

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from hub.core.positions import KeyPath, Place, Positions

GOOD = {
    "top-level key": ("a = 1", ("a",), Place(1, 1), Place(1, 5)),
    "indented key": ("\n  a   =   1", ("a",), Place(2, 3), Place(2, 11)),
    "table": ("[t]\nk = 1", ("t", "k"), Place(2, 1), Place(2, 5)),
    "table header": ("\n[ t . u ]", ("t", "u"), Place(2, 3), Place(2, 3)),
    "dotted key": ("a.b . c = 1", ("a", "b", "c"), Place(1, 1), Place(1, 11)),
    "quoted key": ('"a b"."\\u0063" = 1', ("a b", "c"), Place(1, 1), Place(1, 18)),
    "inline table": ("t = { a = 1, b = { c = 2 } }", ("t", "b", "c"), Place(1, 20), Place(1, 24)),
    "array entry": ("a = [\n  1, # one\n  2,\n]", ("a", 1), Place(1, 1), Place(3, 3)),
    "table in an array": ("a = [{x=1}, {x=2}]", ("a", 1, "x"), Place(1, 14), Place(1, 16)),
    "array of tables": ("[[a]]\nk=1\n[[a]]\nk=2", ("a", 1, "k"), Place(4, 1), Place(4, 3)),
    "table below an array of tables": (
        "[[a]]\n[a.b]\nk=1\n[[a]]\n[a.b]\nk=2",
        ("a", 1, "b", "k"),
        Place(6, 1),
        Place(6, 3),
    ),
    "after a literal string": ("a = '''\n[no]\n'''''\nb = 2", ("b",), Place(4, 1), Place(4, 5)),
    "after a date with a blank": (
        "a = 1979-05-27 07:32:00\nb = 2",
        ("b",),
        Place(2, 1),
        Place(2, 5),
    ),
    "after a comment with a quote": ("a = 1 # it's\nb = 2", ("b",), Place(2, 1), Place(2, 5)),
    "windows line ends": ("a = 1\r\nb = 2\r\n", ("b",), Place(2, 1), Place(2, 5)),
    "wide characters": ('"ü" = 1', ("ü",), Place(1, 1), Place(1, 7)),
}


@pytest.mark.parametrize(("text", "path", "key", "value"), GOOD.values(), ids=GOOD)
def test_key_and_value_are_placed(text: str, path: KeyPath, key: Place, value: Place) -> None:
    """Each form of TOML gives line and column of the key and of its value."""
    tomllib.loads(text)

    positions = Positions(text)

    assert (positions.of_key(path), positions.of_value(path)) == (key, value)


def test_quotes_and_hashes_inside_a_multi_line_string_are_text() -> None:
    """What looks like keys and comments inside a string moves nothing."""
    text = 'a = """\n# [no]\nk = 1\\""" "" ""\\\n"""\nb = 2'
    assert set(tomllib.loads(text)) == {"a", "b"}

    positions = Positions(text)

    assert set(positions.keys) == {("a",), ("b",)}
    assert positions.of_key(("b",)) == Place(5, 1)


def test_absent_key_is_placed_at_its_table() -> None:
    """A missing key is reported where it would have to be written."""
    positions = Positions("[a]\nx = 1\n[a.b]\ny = 2")

    assert positions.of_key(("a", "b", "z")) == Place(3, 2)


def test_header_is_the_place_of_its_table_even_after_a_child() -> None:
    """[a] after [a.b] is where table a stands, not the child's header."""
    positions = Positions("[a.b]\ny = 1\n[a]\nx = 1")

    assert positions.of_value(("a",)) == Place(3, 2)


DUPLICATES = {
    "key": ("a = 1\nb = 2\na = 3", Place(1, 1), Place(3, 1)),
    "dotted key": ("a.b = 1\na.b = 2", Place(1, 1), Place(2, 1)),
    "table": ("[t]\n[u]\n[t]", Place(1, 2), Place(3, 2)),
    "key in an inline table": ("t = { a = 1, a = 2 }", Place(1, 7), Place(1, 14)),
    "key below a value": ("a = 1\na.b = 2", Place(1, 1), Place(2, 1)),
    "table over a value": ("a = 1\n[a]", Place(1, 1), Place(2, 2)),
    "array of tables over a table": ("[a]\n[[a]]", Place(1, 2), Place(2, 3)),
    "table over an array of tables": ("[[a]]\n[b]\n[a.c]\n[a.c]", Place(3, 2), Place(4, 2)),
}


@pytest.mark.parametrize(("text", "first", "second"), DUPLICATES.values(), ids=DUPLICATES)
def test_duplicate_is_told_with_both_places(text: str, first: Place, second: Place) -> None:
    """What tomllib refuses as a repetition is found with the place it repeats."""
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)

    (duplicate,) = Positions(text).duplicates

    assert (duplicate.first, duplicate.second) == (first, second)


def test_several_duplicates_are_told_at_once() -> None:
    """The admin corrects all repetitions in one go."""
    text = "a = 1\na = 2\n[t]\nk = 1\nk = 2\n[t]"

    places = [duplicate.second for duplicate in Positions(text).duplicates]

    assert places == [Place(2, 1), Place(5, 1), Place(6, 2)]


@pytest.mark.parametrize("text", ["a = ", "[t", "a b = 1", "= 1", "a = [1, ", 'a = "x', "[[a]\n"])
def test_what_is_not_toml_ends_the_scan_quietly(text: str) -> None:
    """Syntax is for tomllib to report; the scanner keeps what it understood before it."""
    assert Positions("first = 1\n" + text).of_key(("first",)) == Place(1, 1)


keys = st.text("abz_-1", min_size=1, max_size=4) | st.sampled_from(["a b", "ü", "#", "]", '"', "."])
scalars = st.sampled_from(
    ["1", "-2.5e3", "true", '"x # \\" ]"', "'a = [b'", "1979-05-27 07:32:00", '"""\n[x]\n"""']
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML texts out of tables, dotted keys, arrays and inline tables, with stray blanks."""

    def key() -> str:
        name = draw(keys)
        return (
            name
            if name.isascii() and name.replace("_", "").replace("-", "").isalnum()
            else ('"' + name.replace('"', '\\"') + '"')
        )

    def value(depth: int) -> str:
        kind = draw(st.sampled_from(["scalar", "array", "table"] if depth else ["scalar"]))
        if kind == "scalar":
            return draw(scalars)
        size = draw(st.integers(0, 3))
        if kind == "array":
            gap = draw(st.sampled_from(["", "\n", " # c\n"]))
            return "[" + gap + ("," + gap).join(value(depth - 1) for _ in range(size)) + gap + "]"
        return "{ " + ", ".join(f"{key()} = {value(depth - 1)}" for _ in range(size)) + " }"

    lines = []
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["pair", "pair", "dotted", "table", "tables"]))
        if kind == "pair":
            lines.append(f"{key()} = {value(2)}")
        elif kind == "dotted":
            lines.append(f"  {key()} . {key()}={value(1)} # c")
        else:
            header = f"{key()}.{key()}"
            lines.append(f"[{header}]" if kind == "table" else f"[[{header}]]")
    return "\n".join(lines)


def _paths(value: object, path: KeyPath = ()) -> set[KeyPath]:
    if isinstance(value, dict):
        below = [_paths(child, (*path, key)) for key, child in value.items()]
    elif isinstance(value, list):
        below = [_paths(child, (*path, index)) for index, child in enumerate(value)]
    else:
        below = []
    return {path}.union(*below) if path else set().union(*below)


def _read(text: str) -> dict[str, object]:
    """What ``text`` holds; texts that repeat a key are not of interest here."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        reject()


@given(documents())
def test_every_path_that_tomllib_reads_has_a_place(text: str) -> None:
    """Scanner and tomllib agree on which paths a text holds, and neither holds more."""
    tree = _read(text)

    positions = Positions(text)

    found = set(positions.keys) | set(positions.values)
    assert found == _paths(tree)
    assert not positions.duplicates


@given(documents())
def test_value_place_is_where_the_value_starts(text: str) -> None:
    """Reading TOML from the place of a scalar onwards gives that scalar back."""
    tree = _read(text)
    lines = text.split("\n")

    for path, place in Positions(text).values.items():
        value: object = tree
        for step in path:
            value = value[step]  # type: ignore[index]
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        if isinstance(value, str):
            assert rest[0] in "\"'"
        elif isinstance(value, bool | int):
            assert rest.startswith(str(value).lower())
