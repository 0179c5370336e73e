"""From a row of a file to a canonical record: the admin's column table, compiled once per stream.

The compiled map builds the struct directly, so its readers return exactly the types that
``hub.core.records`` declares. Most of its time is looking up texts it has read before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.csv.cells import cell, constant, translated, value_reader
from connectors.csv.config import Column, Condition, Consent, StreamSettings
from connectors.csv.targets import COMPOSED, Target, targets
from connectors.csv.values import Memo, Notation
from hub.core.connector import Row, RowMap
from hub.core.errors import SkipRecord
from hub.core.money import minor_units
from hub.core.records import ENTITIES, Address, ConsentClaim, Identifier, PartyRef, Record

Values = dict[str, Any]
"""Field name to value, on the way into a struct; a field can be of any type."""
Step = Callable[[Row, Values], None]
"""Fills a field that one cell alone does not decide."""
Cells = list[tuple[str, str, Memo[str, Any]]]
"""Field, its column, and the column's reader."""


def compile_map(stream: StreamSettings) -> RowMap:
    """The stream's row map; the same row always gives the same record.

    Raises (when called):
        SkipRecord: If the row cannot be mapped; the message names column and expectation.
    """
    compiler = _Compiler(stream)
    struct, fixed = ENTITIES[stream.entity], compiler.constants(claim=False)
    cells, steps = compiler.cells(claim=False), [*compiler.steps()]

    def map_row(row: Row) -> Record:
        values = {name: memo[row[column]] for name, column, memo in cells}
        values |= fixed
        for step in steps:
            step(row, values)
        return struct(**values)

    return map_row


class _Compiler:
    """What compiling the parts of one stream's map shares."""

    def __init__(self, stream: StreamSettings) -> None:
        self._stream = stream
        self._known = targets(stream.entity)
        self._notation = stream.notation

    def constants(self, *, claim: bool) -> Values:
        return {
            self._known[name].field: constant(self._known[name], value)
            for name, value in self._stream.constants.items()
            if self._known[name].claim is claim
        }

    def cells(self, *, claim: bool) -> Cells:
        """Fields that one cell decides."""
        found = [
            (target.field, column.column, self._reader(target, column))
            for target, column in self._single(claim=claim)
        ]
        condition = self._stream.cancelled_when
        if condition and not claim:
            found.append(("cancelled", condition.column, Memo(_test(condition))))
        return found

    def _single(self, *, claim: bool) -> Iterator[tuple[Target, Column]]:
        for name, spec in self._stream.columns.items():
            target = self._known[name]
            pieced = isinstance(spec, tuple)
            if target.kind not in COMPOSED and target.claim is claim and not pieced:
                yield target, described(spec)

    def _reader(self, target: Target, column: Column) -> Memo[str, Any]:
        read = value_reader(target, self._notation)
        if target.kind == "party":
            by, stream = column.by, column.stream
            read = lambda text: PartyRef(id=text, stream=stream, by=by)  # noqa: E731
        return cell(
            column.column,
            translated(read, column.values),
            required=target.required,
            default=target.default,
            suffix=column.drop_suffix,
        )

    def steps(self) -> Iterator[Step]:
        """Everything else, in the order it has to run: amounts read the currency cell."""
        for name, spec in self._stream.columns.items():
            target = self._known[name]
            if target.kind == "money":
                yield _amount(target, described(spec), self._reader(target, described(spec)))
            elif target.kind in COMPOSED:
                yield _collection(target, spec)
            elif isinstance(spec, tuple):
                yield _pieces(target, spec, self._reader(target, Column(column=", ".join(spec))))
        if self._stream.priced_by_line:
            yield self._line_amount()
        if self._stream.consents:
            yield _permissions([_permission(c, self._notation) for c in self._stream.consents])
        if self._stream.entity == "consent_signal":
            yield _claim(self.cells(claim=True), self.constants(claim=True))

    def _line_amount(self) -> Step:
        """Quantity times unit price, rounded once per distinct pair."""
        columns = [described(self._stream.columns[name]) for name in ("quantity", "unit_price")]
        names = [self._known[name] for name in ("quantity", "unit_price")]
        quantity, price = (
            cell(c.column, translated(value_reader(t, self._notation), c.values), required=True)
            for t, c in zip(names, columns, strict=True)
        )
        of_quantity, of_price = (c.column for c in columns)

        def multiply(key: tuple[str, str, str]) -> int:
            return _minor(of_price, price[key[1]], key[2], quantity[key[0]])

        memo = Memo(multiply)

        def step(row: Row, values: Values) -> None:
            values["amount_minor"] = memo[row[of_quantity], row[of_price], values["currency"]]

        return step


def described(spec: object) -> Column:
    """The column of a mapping entry that names one column."""
    return spec if isinstance(spec, Column) else Column(column=str(spec))


def _minor(column: str, amount: Any, currency: str, quantity: int = 1) -> int:
    try:
        return minor_units(amount, currency, quantity)
    except ValueError as err:
        raise SkipRecord(f"{column}: expected an amount, found {err}", reason="bad-number") from err


def _amount(target: Target, column: Column, memo: Memo[str, Any]) -> Step:
    name = column.column

    def step(row: Row, values: Values) -> None:
        amount, currency = memo[row[name]], values.get("currency")
        if amount is None or amount == target.default:
            values[target.field] = target.default
        elif currency is None:
            raise SkipRecord(f"{name}: the amount has no currency", reason="missing-value")
        else:
            values[target.field] = _minor(name, amount, currency)

    return step


def _pieces(target: Target, columns: tuple[str, ...], memo: Memo[str, Any]) -> Step:
    """One value out of several columns: what they hold, one behind the other."""

    def step(row: Row, values: Values) -> None:
        values[target.field] = memo[" ".join(filter(None, (row[each].strip() for each in columns)))]

    return step


def _collection(target: Target, spec: object) -> Step:
    """Lists and tables: cells that are empty leave no entry."""
    if isinstance(spec, Mapping):
        return _table(target, dict(spec))
    columns = spec if isinstance(spec, tuple) else (described(spec).column,)

    def step(row: Row, values: Values) -> None:
        values[target.field] = [text for column in columns if (text := row[column].strip())]

    return step


def _table(target: Target, parts: dict[str, str]) -> Step:
    pairs = list(parts.items())

    def filled(row: Row) -> dict[str, str]:
        return {name: text for name, column in pairs if (text := row[column].strip())}

    def address(row: Row, values: Values) -> None:
        given = filled(row)
        values[target.field] = [Address(**given)] if given else []

    def identifiers(row: Row, values: Values) -> None:
        values[target.field] = [Identifier(kind=k, value=v) for k, v in filled(row).items()]

    def attributes(row: Row, values: Values) -> None:
        values[target.field] = filled(row)

    return {"address": address, "identifiers": identifiers, "attributes": attributes}[target.kind]


def _test(condition: Condition) -> Callable[[str], bool]:
    starts, equals = condition.starts_with, condition.equals or ()
    return lambda text: text.strip().startswith(starts) if starts else text.strip() in equals


# --- permissions -----------------------------------------------------------------------------


def _permission(consent: Consent, notation: Notation) -> Callable[[Row], ConsentClaim | None]:
    decisions = cell(consent.column, translated(str, consent.values, strict=True))
    times = cell(consent.asserted_at or "", value_reader(Target("", "instant"), notation))

    def claim(row: Row) -> ConsentClaim | None:
        decision = decisions[row[consent.column]]
        if decision is None:
            return None
        return ConsentClaim(
            purpose=consent.purpose,
            channel=consent.channel,
            decision=decision,
            strength=consent.strength,
            point=row[consent.point].strip() or None if consent.point else None,
            asserted_at=times[row[consent.asserted_at]] if consent.asserted_at else None,
        )

    return claim


def _permissions(claims: list[Callable[[Row], ConsentClaim | None]]) -> Step:
    def step(row: Row, values: Values) -> None:
        values["consents"] = [found for claim in claims if (found := claim(row))]

    return step


def _claim(cells: Cells, fixed: Values) -> Step:
    def step(row: Row, values: Values) -> None:
        of_line = {name: memo[row[column]] for name, column, memo in cells}
        values["claims"] = [ConsentClaim(**{**of_line, **fixed})]

    return step
