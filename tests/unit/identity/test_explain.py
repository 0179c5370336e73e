"""Explanations and look-ups: every link and field can be traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.core.errors import ConfigError, NotFound
from hub.core.ids import GoldenId
from hub.identity import customers, evaluate, explain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.identity.conftest import Bench, PersonMaker


@pytest.fixture
def family(bench: Bench, person: PersonMaker) -> Bench:
    """Anna twice and her husband, who shares her phone; resolved and built."""
    bench.put(
        a1=person("Anna", "Bell", email="anna@example.com", phone="0412 000 001"),
        a2=person("Anna", "Bell", email="anna@example.com", card="L-77"),
        m=person("Mark", "Bell", phone="0412 000 001"),
    )
    bench.resolve()
    bench.build()
    return bench


def _explain(bench: Bench, a: str, b: str | None = None) -> explain.Explanation:
    with bench.store.read() as connection:
        return explain.explain(connection, a, b)


def test_the_waterfall_adds_up_to_the_weight(family: Bench) -> None:
    """Every bar of the explanation is there: they sum to the total that was judged."""
    link = _explain(family, family.golden_ids()["a1"]).links[0]

    bars = sum(step.weight + step.adjustment for step in link.waterfall)
    assert bars == pytest.approx(link.weight)
    assert (link.verdict, link.joined) == ("auto", True)
    assert {step.comparison for step in link.waterfall} == {"prior", "given", "family", "email"}


def test_two_people_are_explained_by_the_guard_that_spoke(family: Bench) -> None:
    """Why Anna and Mark are not one customer although they share phone and surname."""
    explanation = _explain(family, "crm/contacts/a1", "crm/contacts/m")

    assert explanation.same is False
    assert explanation.links[0].joined is False
    assert ("given", "different") in {
        (step.comparison, step.level) for step in explanation.links[0].waterfall
    }


def test_two_records_of_one_customer_are_said_to_be_one(family: Bench) -> None:
    """Asked by source keys, the answer names the golden id of both."""
    explanation = _explain(family, "crm/contacts/a1", "crm/contacts/a2")

    assert explanation.same is True
    assert set(explanation.subjects.values()) == {family.golden_ids()["a1"]}


def test_decisions_are_part_of_the_explanation(family: Bench) -> None:
    """A steward's word stands beside the scores."""
    decided = family.decide("cannot_link", "a1", "a2")
    family.resolve()

    explanation = _explain(family, "crm/contacts/a1", "crm/contacts/a2")

    assert [d.decision for d in explanation.decisions] == list(decided.decisions)
    assert explanation.same is False


def test_the_rendered_text_shows_evidence_and_provenance(family: Bench) -> None:
    """The terminal shows levels, bits, and for each field its source and rule."""
    text = explain.render(_explain(family, family.golden_ids()["a1"]))

    assert "email       exact" in text
    assert "crm/contacts/a1 — crm/contacts/a2: auto, joined" in text
    assert "given_name    Anna  [only_value: crm/contacts/a1]" in text


@pytest.mark.parametrize("name", ["crm/contacts/x", "no-such-id", "crm/contacts"])
def test_an_unknown_subject_is_refused(family: Bench, name: str) -> None:
    """Neither a key nor an id of this hub."""
    with pytest.raises(NotFound, match=name):
        _explain(family, name)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("ANNA+x@example.com", {"a1"}),
        ("+61412000001", {"a1", "m"}),
        ("Mark Bell", {"m"}),
        ("l77", {"a1"}),
        ("crm/contacts/m", {"m"}),
        ("nobody@example.org", set()),
    ],
)
def test_customers_are_found_by_anything_known_of_them(
    family: Bench, text: str, who: set[str]
) -> None:
    """E-mail, phone, name, card and source key all lead to golden ids."""
    with family.store.read() as connection:
        found = customers.find(connection, text, "AU")

    ids = family.golden_ids()
    assert set(found) == {ids[source_id] for source_id in who}


def test_a_merged_id_shows_the_customer_who_answers_for_it(
    family: Bench, person: PersonMaker
) -> None:
    """An old id keeps working in look-ups and has a history of its own."""
    old = family.golden_ids()["m"]
    family.clock.sleep(1)
    family.put(m=person("Anna", "Bell", email="anna@example.com"))
    family.resolve()
    family.build()

    with family.store.read() as connection:
        shown = customers.show(connection, old)
        history = customers.history(connection, old)

    assert shown.golden_id == family.golden_ids()["a1"]
    assert [entry["event"] for entry in history] == ["created", "version", "merged"]


def test_a_retired_id_says_so(bench: Bench, person: PersonMaker) -> None:
    """An id that nobody answers for is told from one that never was."""
    bench.put(a=person("Anna", "Bell"))
    bench.resolve()
    golden_id = bench.golden_ids()["a"]
    bench.put(a=None)
    bench.resolve()

    with bench.store.read() as connection:
        with pytest.raises(NotFound, match="retired"):
            customers.show(connection, golden_id)
        with pytest.raises(NotFound, match="no golden id"):
            customers.show(connection, GoldenId("never"))


def test_clusters_are_scored_against_a_truth(family: Bench, tmp_path: Path) -> None:
    """Pairs of the truth that the clusters hold, and the other way round."""
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "record,person\ncrm/contacts/a1,anna\ncrm/contacts/a2,anna\ncrm/contacts/m,anna\n"
    )

    with family.store.read() as connection:
        scores = evaluate.evaluate(connection, evaluate.read_truth(truth))

    assert scores.precision == 1.0
    assert scores.recall == pytest.approx(1 / 3)


@pytest.mark.parametrize("text", ["record,who\nx,y\n", "record,person\nx,\n"])
def test_a_truth_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the line and what was expected."""
    truth = tmp_path / "truth.csv"
    truth.write_text(text)

    with pytest.raises(ConfigError, match=r"truth\.csv:2: expected the columns record"):
        evaluate.read_truth(truth)
