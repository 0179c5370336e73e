"""The fields of ``unified_profile_v1``, in words. A field is added here; a meaning never changes.

A test holds this table equal to what ``hub.profile.unified`` composes, a mapping that names
anything else is refused, and the reference page is written from it.
"""

from __future__ import annotations

from typing import Final

SHAPE: Final[dict[str, str]] = {
    "who.golden_id": "The customer's immutable id.",
    "who.name": "Given and family name as they survived.",
    "who.given_name": "Given name.",
    "who.family_name": "Family name.",
    "who.title": "Form of address.",
    "who.email": "The e-mail that survived.",
    "who.emails": "Every distinct e-mail on any record.",
    "who.phone": "The phone number that survived.",
    "who.phones": "Every distinct phone number.",
    "who.address": "Postal address on one line.",
    "who.age_band": "Ten years, such as 40-49; the birth date stays inside.",
    "who.organisation": "Employer or account.",
    "who.job_title": "Role there.",
    "who.language": "Preferred language.",
    "who.owner": "Who looks after the customer.",
    "who.source_records": "Source keys of the records that are this customer.",
    "relationship.lifecycle": "lead, new, active, dormant (90 days), churned (the horizon).",
    "relationship.loyalty": "retained, repeat (two orders), advocate (repeat and promoter).",
    "relationship.segments": "Ids of the segments that they are in, in the order of the files.",
    "relationship.tier": "Loyalty tier that a scheme reports.",
    "relationship.points": "Loyalty balance that a scheme reports.",
    "relationship.first_seen": "First thing that happened, on any channel.",
    "relationship.last_seen": "Latest thing that happened, on any channel.",
    "relationship.channels": "Channels used; those of orders first, most used first.",
    "relationship.preferred_channel": "The first of them.",
    "value.orders": "Number of orders.",
    "value.net_spend": "Net spend in major units of `value.currency`.",
    "value.currency": "ISO 4217 currency with the highest spend; currencies are never added.",
    "value.aov": "Average order value, major units.",
    "value.last_order_at": "Instant of the latest order.",
    "value.rfm": "Recency-frequency-monetary quintiles, such as 5-3-4.",
    "value.band": "top, high, middle, low or lowest: the fifth of all buyers of that currency that"
    " they are in by net spend, as the last digit of RFM has it; none without an order.",
    "value.clv_historic": "Net spend times margin, major units.",
    "value.clv_predicted": "Expected value in the coming horizon, major units.",
    "value.open_cart": "Amount of the latest cart that was not completed, minor units.",
    "value.returns": "Number of returned or refunded lines.",
    "service.open_tickets": "Tickets that are not solved.",
    "service.recent_tickets": "Tickets of the last 30 days.",
    "service.reopens": "How often tickets were opened again.",
    "service.agents": "Agents involved, at most on one ticket or in all.",
    "service.first_reply_seconds": "Of the latest ticket, as its source measured it.",
    "service.resolution_seconds": "Of the latest ticket, as its source measured it.",
    "service.unresolved": "Subject of the oldest ticket that is not solved.",
    "service.promises": "Promises made; filled by a later version.",
    "voice.nps": "Last answer, 0-10.",
    "voice.nps_at": "When it was given.",
    "voice.csat": "Last answer, on its own scale.",
    "voice.csat_at": "When it was given.",
    "voice.ces": "Last answer, 1-7.",
    "voice.ces_at": "When it was given.",
    "voice.verbatim": "Latest comment.",
    "voice.sentiment_trend": "Mean sentiment, -1..1, of the latest three texts minus that of up to"
    " nine before them; the source is the model or lexicon that read them, with its version.",
    "voice.unanswered": "Answers in cases whose customer has not been told anything yet.",
    "risk.churn": "churned or active; active is provisional.",
    "risk.health": "How the customer fares, 0-100; none below the floor of coverage. `parts` has"
    " use, service, purchases, voice and contract, what costs most first.",
    "risk.health_colour": "green, amber, red or unknown; better only by a margin, worse at once.",
    "risk.points": "Points that speak for leaving, 0-100, as `hub risk show` has them at the end of"
    " today; none below the floor of coverage.",
    "risk.band": "low, medium, high, unknown, or left for who has left already. A band is left"
    " downwards only five points below its border.",
    "risk.coverage": "Percent of what could be seen that this hub hears of.",
    "risk.reasons": "Why, in words, heaviest first; `evidence` has points, since and records.",
    "risk.top_reason": "The heaviest that speaks for leaving, in words that stay the same while it"
    " stands; none without one.",
    "risk.recent_return": "Whether something was returned in the last 14 days. This flag and the"
    " next three have a `reason`, and `until` where an end is known.",
    "risk.open_complaint": "Whether a ticket is not solved.",
    "risk.in_dispute": "Whether an open ticket, or an attribute of an order, speaks of a dispute or"
    " a chargeback.",
    "risk.unresolved_detractor": "Whether the last NPS answer was 0-6 and the customer was not told"
    " what came of it; where nobody is asked to tell them, within 60 days.",
    "risk.next_action": "What somebody is to do next, or none; `reason` and `evidence` say why.",
    "suppress.marketing": "Whether marketing is held: any of the four flags is raised.",
    "suppress.reason": "Why, or none.",
    "suppress.until": "Until when, if every raised flag has an end.",
    "permission.summary": "Every permission that was spoken about, in words.",
    "permission.do_not_contact": "Whether processing is restricted.",
    "permission.restricted": "The same, under its legal name (GDPR Art. 18).",
    "permission.refusals": "Number of purposes and channels that were refused.",
    "card.text": "The context card: five lines, at most 1,000 characters.",
}
"""Path to meaning. Beside these, ``permission.PURPOSE_CHANNEL`` holds the state of each."""


def is_known(path: str) -> bool:
    """Whether ``path`` is a field of the profile."""
    group, _, name = path.partition(".")
    return path in SHAPE or (group == "permission" and "_" in name)
