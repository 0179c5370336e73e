"""How often the room agrees with a person, on sixty labelled texts; figures are printed.

The labels are the authors' own: they show that the parts do what they claim, not how well they do
on another business's texts.
"""

from collections.abc import Callable, Collection, Sequence

from tests.unit.text.conftest import Labelled

Read = Callable[[Labelled], Collection[object]]


def precision_recall(
    labelled: Sequence[Labelled], wanted: Read, told: Read
) -> tuple[float, float, float]:
    """Precision, recall and F1 of the sets that are told of each text."""
    pairs = [(set(wanted(each)), set(told(each))) for each in labelled]
    hits = sum(len(want & got) for want, got in pairs)
    wants, gots = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    return hits / gots, hits / wants, 2 * hits / (gots + wants)


def test_entities_are_found_and_nothing_else_is(labelled):
    """Products, order numbers, money and dates: precision and recall on labelled tickets."""
    precision, recall, _ = precision_recall(
        labelled, lambda each: each.entities, lambda each: _entities(each)
    )

    print(f"entities: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.95
    assert recall >= 0.95


def test_aspects_agree_with_their_labels(labelled):
    """Aspect × polarity: F1 on labelled tickets, by the lexicon; the aspect alone far higher."""
    both = precision_recall(
        labelled,
        lambda each: each.aspects,
        lambda each: {(found.name, found.label) for found in each.told.aspects},
    )
    alone = precision_recall(
        labelled,
        lambda each: {name for name, _ in each.aspects},
        lambda each: {found.name for found in each.told.aspects},
    )

    print(f"aspect × polarity: F1 {both[2]:.3f}; aspect alone: F1 {alone[2]:.3f}")
    assert both[2] >= 0.7
    assert alone[2] >= 0.9


def test_emotions_agree_with_their_labels(labelled):
    """Feelings named, "unknown" counted as one of them: agreement on labelled tickets."""
    *_, f1 = precision_recall(
        labelled,
        lambda each: each.emotions,
        lambda each: {found.feeling for found in each.told.emotions},
    )

    print(f"emotions: F1 {f1:.3f}")
    assert f1 >= 0.9


def test_every_competitor_is_found_where_it_is_named_and_nowhere_else(labelled):
    """Labelled mentions: all of them, and no text without one has one."""
    told = {each.text: _competitors(_entities(each)) for each in labelled}
    wanted = {each.text: _competitors(each.entities) for each in labelled}

    assert told == wanted
    assert sum(map(len, wanted.values())) == 3


def test_the_lexicon_is_right_more_often_than_not_and_says_low_confidence(labelled):
    """Two thirds of the texts, and it claims no more."""
    right = sum(each.told.sentiment.label == each.sentiment for each in labelled)

    print(f"lexicon: {right} of {len(labelled)}")
    assert right >= 40
    assert {each.told.sentiment.confidence for each in labelled} == {"low"}


def test_evidence_is_a_piece_of_the_text(labelled):
    """A reader can underline it: every span lies inside its text and says something."""
    spans = [
        (each.text, place.start, place.end)
        for each in labelled
        for place in (
            *each.told.sentiment.evidence,
            *each.told.aspects,
            *each.told.entities,
            *(found for found in each.told.emotions if found.feeling != "unknown"),
        )
    ]

    assert spans
    assert all(0 <= start < end <= len(text) for text, start, end in spans)
    assert all(text[start:end].strip() for text, start, end in spans)


def _entities(each: Labelled) -> set[tuple[str, str]]:
    """Kind and value as the labels have them: a product by its name without the variant."""
    return {(found.kind, found.value.partition(" - ")[0]) for found in each.told.entities}


def _competitors(entities: Collection[tuple[str, str]]) -> set[str]:
    return {value for kind, value in entities if kind == "competitor"}
