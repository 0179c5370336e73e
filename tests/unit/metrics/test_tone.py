"""Tone by group: a customer counts once, and a small group is not spoken of."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.metrics.tone import Said, by_group
from hub.text.sentiment import UNSCORED, Sentiment, label_of


def said(group: str, customer: str, polarity: float | None, agent: str | None = None) -> Said:
    source = f"desk/messages/{group}-{customer}-{polarity}"
    if polarity is None:
        return Said(group, customer, source, UNSCORED, agent)
    sentiment = Sentiment(polarity, label_of(polarity), "low", "lexicon:en@1")
    return Said(group, customer, source, sentiment, agent)


def test_shares_are_of_customers():
    """Ten complaints of one customer are one unhappy customer among four."""
    texts = [said("phone", "a", -0.9 + at / 100) for at in range(10)]
    texts += [said("phone", customer, 0.5) for customer in "bcd"]

    (phone,) = by_group(texts, min_customers=4)

    assert (phone.customers, phone.texts, phone.unread) == (4, 13, 0)
    assert phone.negative is not None
    assert phone.negative.value == 25
    assert phone.negative.low is not None
    assert 0 < phone.negative.low < 25
    assert phone.samples == ("desk/messages/phone-a--0.9",)


def test_a_customer_is_the_mean_of_what_they_say():
    """Praise and blame of one person weigh against each other."""
    texts = [said("web", "a", -0.2), said("web", "a", 0.9), said("web", "b", 0.0)]

    (web,) = by_group(texts, min_customers=1)

    assert (web.positive and web.positive.value, web.negative and web.negative.value) == (50, 0)


def test_below_the_least_there_is_a_count_and_no_share():
    """Too few customers to say anything, and no sample that would point at one of them."""
    (chat,) = by_group([said("chat", "a", -0.9), said("chat", "b", -0.8)], min_customers=3)

    assert (chat.negative, chat.positive, chat.samples) == (None, None, ())
    assert chat.withheld == "insufficient data: n = 2, 3 are needed"
    assert chat.customers == 2


@pytest.mark.parametrize(("agents", "told"), [(["kim"], False), (["kim", "lee"], True)])
def test_a_group_of_one_agent_is_not_spoken_of(agents: list[str], told: bool):
    """The numbers are for groups; what one agent does is for their coach."""
    texts = [said("tier 2", str(n), -0.5, agents[n % len(agents)]) for n in range(20)]

    (tier,) = by_group(texts, min_customers=5, min_agents=2)

    assert (tier.negative is not None) == told
    assert bool(tier.samples) == told


def test_what_cannot_be_read_is_counted_apart():
    """Unknown is neither neutral nor part of n."""
    (mail,) = by_group([said("mail", "a", 0.5), said("mail", "b", None)], min_customers=1)

    assert (mail.customers, mail.texts, mail.unread) == (1, 1, 1)
    assert mail.positive is not None
    assert mail.positive.value == 100


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            said,
            st.sampled_from(["phone", "web"]),
            st.sampled_from("abcdef"),
            st.one_of(st.none(), st.sampled_from([-0.8, -0.3, 0.0, 0.4, 0.9])),
        ),
        max_size=30,
    ),
    st.randoms(),
)
def test_the_order_does_not_matter_and_shares_add_up(texts: list[Said], rng):
    """The same texts in any order give the same tones; negative and positive exceed nothing."""
    texts = [replace(each, source=f"{each.source}/{at}") for at, each in enumerate(texts)]
    shuffled = rng.sample(texts, len(texts))

    tones = by_group(texts, min_customers=1)

    assert by_group(shuffled, min_customers=1) == tones
    assert sum(tone.texts + tone.unread for tone in tones) == len(texts)
    for tone in tones:
        if tone.negative and tone.positive:
            assert tone.negative.value + tone.positive.value <= 100 + 1e-9
