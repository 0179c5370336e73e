"""What a perfect hub would find in a world: the file that results are checked against."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hub.emulation.world.consent import never_contact
from hub.emulation.world.contents import Contents, Recorded
from hub.emulation.world.files import RenderedFile, render


def write_truth(world: Contents, path: Path) -> None:
    """Writes the truth as JSON with sorted keys.

    ``records`` maps ``system/local id`` to the true person; ``quarantined`` lists the planted lines
    with file, line and reason; ``never_contact`` the person, purpose and channel that must not be
    used any more; ``systems`` counts what each system holds; ``files`` counts lines and names the
    dialect of each export.
    """
    rendered = list(render(world))
    truth = {
        "seed": world.seed,
        "people": len({record.person_id for record in world.records}),
        "records": world.truth(),
        "quarantined": [asdict(line) for file in rendered for line in file.planted],
        "never_contact": [asdict(forbidden) for forbidden in never_contact(world.consents)],
        "systems": {system: _counts(world, system) for system in world.systems},
        "files": {file.export.file: _manifest(file) for file in rendered},
    }
    text = json.dumps(truth, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _counts(world: Contents, system: str) -> dict[str, int]:
    """How many records and facts of each kind that system holds."""
    held: dict[str, Sequence[Recorded]] = {
        "people": world.records,
        "companies": world.company_records,
        "orders": world.orders,
        "deals": world.deals,
        "tickets": world.tickets,
        "surveys": world.surveys,
        "reviews": world.reviews,
        "usage": world.usage,
        "campaign_events": world.campaign_events,
        "loyalty_entries": world.loyalty_entries,
        "consents": world.consents,
    }
    counts = {kind: len(world.of(system, facts)) for kind, facts in held.items()}
    return {kind: count for kind, count in counts.items() if count}


def _manifest(file: RenderedFile) -> dict[str, object]:
    """One file: what it holds and how it is written."""
    export, dialect = file.export, file.export.dialect
    return {
        "system": export.system,
        "stream": export.stream,
        "rows": len(export.rows),
        "blank_lines": file.blank_lines,
        "footer_lines": file.footer_lines,
        "quarantined": dict(Counter(line.reason for line in file.planted)),
        "key": export.header[: export.keys],
        "encoding": dialect.encoding,
        "delimiter": dialect.delimiter,
        "times": dialect.times,
    }
