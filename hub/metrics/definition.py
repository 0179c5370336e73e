"""The metric registry: every number the hub shows is defined here once.

The registry's hash is stored with each snapshot, so that a number can always be traced to the
words and the formula it was made under.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from hashlib import blake2b
from typing import Literal

import orjson

Unit = Literal["points", "percent", "money", "score", "instant", "duration", "count", "label"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        id: Stable id.
        title: What a person reads.
        version: Raised whenever ``formula`` or ``population`` changes meaning.
        unit: ``points`` -100..100, ``percent`` 0..100, ``money`` minor units of the series'
            currency, ``score`` on the series' scale, ``instant`` microseconds of UTC, ``duration``
            seconds, ``count``, ``label``.
        formula: Exact definition in words and symbols.
        population: Who and what counts, and what does not.
        inputs: Canonical entities that it reads.
        grain: ``overall``, ``profile`` or both.
        limits: What it must not be used for.
        source: Paper or page.
        owner: Who decides about the definition.
        average: Whether it can look well while some fare badly: it is never told alone, always
            with the share at the bottom.
        pair: The metric of satisfaction without which it is never told: who is quicker at the
            customers' cost does not do better.
    """

    id: str
    title: str
    version: int
    unit: Unit
    formula: str
    population: str
    inputs: tuple[str, ...]
    grain: tuple[Literal["overall", "profile"], ...]
    limits: str
    source: str
    owner: str = "CX lead"
    average: bool = False
    pair: str | None = None

    @property
    def key(self) -> str:
        """``id@version``, as stored with each value."""
        return f"{self.id}@{self.version}"


_ORDERS = (
    "Order entries that are not cancelled, belong to an identified customer, and are positive sale"
    " lines (quantity and unit price above zero), or adjustments and refunds of such orders."
    " One series per currency; no conversion."
)

_CONTRACTS = (
    "Subscriptions of identified customers. Who pays at the first instant of a month is its base;"
    " who joins later is not in it, and who joins and leaves inside it is told apart. Trials pay"
    " nothing; a pause is no end; subscriptions that touch are one spell."
)

_TICKETS = (
    "Tickets that their source has not deleted. A merged ticket is part of the one that it was"
    " merged into. Tickets of people unknown count, each as somebody's own."
)

_CASES = (
    "Cases: one per customer and episode, from the first answer that asks for a reply until they"
    " were told something. Not counted, but told apart by reason: who refused contact, history,"
    " answers that their source took back, customers who left, cases that joined another."
)

METRICS: tuple[Metric, ...] = (
    Metric(
        "nps", "Net Promoter Score", 2, "points",
        "100 * (promoters - detractors) / n; promoters answer 9-10, passives 7-8, detractors 0-6."
        " Adjusted Wald interval.",
        "Survey responses with instrument nps on the scale 0-10, whole numbers; others are refused"
        " and counted by reason. The last response of a person within a wave counts; without a"
        " wave, within nps_window days. Asked but not answered is in the response rate only.",
        ("feedback",), ("overall", "profile"),
        "Does not replace CSAT or CES; other scales are never mapped to 0-10.",
        "Reichheld 2003; Bonett and Price 2012",
        average=True,
    ),
    Metric(
        "csat", "Customer satisfaction", 1, "percent",
        "100 * answers in the top two boxes / answers, on a scale of five; on a scale of two,"
        " the good ones. Wilson interval.",
        "Survey responses with instrument csat; each scale is a series of its own. Offered but not"
        " answered is not in n.",
        ("feedback",), ("overall", "profile"),
        "Per interaction; not comparable across scales.",
        "Wilson 1927; METRICS section 3",
        average=True,
    ),
    Metric(
        "csat_touchpoint", "Satisfaction by touchpoint", 1, "percent",
        "100 * answers in the top two boxes / answers, drawn to the share of all answers on the"
        " scale by B = (k - 3) / (k - 1) * m / (answers + m) for k touchpoints; m, what that share"
        " is worth in answers, by the moments of the beta-binomial. Wilson interval with as many as"
        " Morris' variance is worth. Series all: the share of all, with the change of the"
        " newest month as it is and at an equal mix of touchpoints.",
        "As of csat. An answer is about the ticket it names, else about the ticket, message, call,"
        " chat, visit or order that the customer met last within three days before it; else it is"
        " elsewhere.",
        ("feedback", "ticket", "message", "interaction", "order", "order_line"), ("overall",),
        "Drawn to the mean, so that few answers make neither best nor worst; the detail tells the"
        " share as it is. Intervals hold on average over touchpoints, not for the oddest of them.",
        "Kleinman 1973; Morris 1983; METRICS section 3",
        average=True,
    ),
    Metric(
        "ces", "Customer effort score", 1, "score",
        "CES 2.0, agreement 1-7 that it was easy. Summary as configured: mean (Student's t),"
        " top_box = share of 5-7 (Wilson), net = share of 6-7 minus share of 1-3 (adjusted Wald).",
        "Survey responses with instrument ces on the scale 1-7.",
        ("feedback",), ("overall", "profile"),
        "The three summaries can disagree in direction; the series names the one in use.",
        "Dixon, Toman and DeLisi 2013 (CES 2.0)",
        average=True,
    ),
    Metric(
        "aov", "Average order value", 3, "money",
        "Net order revenue / orders. Interval over customers: bootstrap-t at an expanded level for"
        " 8 to 400 of them, else by linearisation.",
        _ORDERS, ("order", "order_line"), ("overall", "profile"),
        "Test orders and gift cards count unless the source marks them cancelled.",
        "Cochran 1977, 6.3; Efron and Tibshirani 1993, 12.5; Hesterberg 2015",
        average=True,
    ),
    Metric(
        "aov_median", "Median order value", 1, "money",
        "The middle one of all orders' net revenue. Woodruff's interval over customers.",
        _ORDERS, ("order", "order_line"), ("overall",),
        "Beside the mean, which a few large orders move; not a sum over orders.",
        "Woodruff 1952",
    ),
    Metric(
        "orders", "Orders", 1, "count",
        "Number of orders of the customer.",
        _ORDERS, ("order", "order_line"), ("profile",),
        "Counts orders, not visits.", "METRICS section 3",
    ),
    Metric(
        "net_spend", "Net spend", 1, "money",
        "Sum of the customer's order entries: sales plus adjustments minus refunds.",
        _ORDERS, ("order", "order_line"), ("profile",),
        "Per currency, never converted.", "METRICS section 3",
    ),
    Metric(
        "last_order", "Last order", 1, "instant",
        "Instant of the customer's latest order.",
        _ORDERS, ("order", "order_line"), ("profile",),
        "An order that was cancelled is no order.", "METRICS section 3",
    ),
    Metric(
        "repeat_rate", "Repeat purchase rate", 1, "percent",
        "100 * customers with two or more orders in the period / customers with one or more."
        " Wilson interval.",
        _ORDERS, ("order", "order_line"), ("overall",),
        "Shopify's returning rate differs: there the first order may precede the period.",
        "METRICS section 3",
    ),
    Metric(
        "rfm", "Recency, frequency, monetary", 1, "label",
        "Quintiles 1-5 of days since the last order (5 = most recent), number of orders and net"
        " revenue; ranks are stable: ties go by first order.",
        _ORDERS, ("order", "order_line"), ("profile",),
        "Relative to today's customers: a label can move although the customer did nothing.",
        "Hughes 1994",
    ),
    Metric(
        "churn", "Churn, non-contractual", 1, "percent",
        "100 * customers who bought in the horizon before the cut-off and not in the horizon after"
        " it / customers who bought in the horizon before. Cut-off = reference date - horizon."
        " Wilson interval. Per profile: churned when the last order is older than the horizon.",
        _ORDERS, ("order", "order_line"), ("overall", "profile"),
        "One-time buyers count as churned; provisional until the horizon has passed.",
        "METRICS section 3",
    ),
    Metric(
        "clv_historic", "Customer lifetime value, historic", 2, "money",
        "Net revenue * margin, summed per customer; overall the mean, with the interval of aov.",
        _ORDERS, ("order", "order_line"), ("overall", "profile"),
        "Says what was, not what will be; service cost is not subtracted unless configured.",
        "METRICS section 3",
        average=True,
    ),
    Metric(
        "clv_predicted", "Customer lifetime value, predicted", 1, "money",
        "Expected purchases in the horizon (BG/NBD, maximum likelihood) * expected value of a"
        " purchase (Gamma-Gamma) * margin, discounted by month; overall the mean, with the"
        " interval of aov. x repeat days, recency and age in weeks up to the begin of the month."
        " Degenerate fit (a/(a+b) < 0.001, a or b at its bound, no maximum): P(alive) is refused"
        " and NBD, in which nobody leaves, counts the purchases. |correlation| of frequency and"
        " value above 0.3, or q <= 1: the customer's own mean value. Two significant digits per"
        " profile.",
        _ORDERS + " Customers who bought before the current month; 100 of them more than once.",
        ("order", "order_line"), ("overall", "profile"),
        "The interval tells how customers differ, not how wrong the model may be. No season, no"
        " campaign: a mean month. P(alive) of one-time buyers is not told: the model says 1 for"
        " them whatever the silence.",
        "Fader, Hardie and Lee 2005; Fader and Hardie 2013",
        average=True,
    ),
    Metric(
        "retention", "Retention by cohort", 1, "percent",
        "100 * customers with an order in month c + k / customers whose first order was in month c"
        " (classic). Wilson interval. Series: currency, cohort, k = 1, 3, 6, 12.",
        _ORDERS + " Months that are not over are blank. Merged records belong to the cohort of"
        " their first order.",
        ("order", "order_line"), ("overall",),
        "In the cohort in which history begins some were customers before; the detail says so.",
        "METRICS section 3",
    ),
    Metric(
        "cohort_value", "Value by cohort", 1, "money",
        "Net revenue up to the end of month c + k / customers whose first order was in month c,"
        " those who stayed away included. Interval as for aov.",
        _ORDERS, ("order", "order_line"), ("overall",),
        "Revenue, not margin; cohorts of different seasons are not alike.",
        "METRICS section 3",
        average=True,
    ),
    Metric(
        "churn_contract", "Churn, contractual", 1, "percent",
        "100 * customers who paid at the begin of the month and whose spell ended in it / customers"
        " who paid at its begin. Wilson interval. A year: 1 - (1 - m)^12. Failed payments, pauses"
        " and those who came back inside the month (a new spell) are told apart.",
        _CONTRACTS, ("subscription",), ("overall",),
        "A month's rate; twelve of them added are not a year's.", "METRICS section 3",
    ),
    Metric(
        "churn_revenue", "Revenue churn, contractual", 1, "percent",
        "100 * yearly recurring revenue of those who left in the month / that of all who paid at"
        " its begin, per currency. Interval as for aov. Net: plus contraction, minus expansion of"
        " those who stayed.",
        _CONTRACTS, ("subscription",), ("overall",),
        "New customers are in neither part; a pause is told apart.", "METRICS section 3",
    ),
    Metric(
        "trial_to_paid", "Trial-to-paid conversion", 1, "percent",
        "100 * trials begun in the month whose person paid within the window / trials begun in it"
        " whose outcome is known. Wilson interval.",
        _CONTRACTS + " Windows that are open count in no part; a trial of somebody who was paying"
        " is no trial.",
        ("subscription",), ("overall",),
        "Provisional while windows are open. A failed card counts as not paid and is told apart.",
        "METRICS section 3",
    ),
    Metric(
        "first_reply_time", "First reply time", 1, "duration",
        "Creation to the first public comment of an agent; median and 90th percentile, Woodruff's"
        " interval over customers. A comment in the second of creation is the ticket's own words:"
        " the next one counts. From a re-opening on a new wait begins, a series of its own, as is"
        " what the source measured. Business hours where [metrics] business_hours says them.",
        _TICKETS + " Own series: of connections that bring messages. Comments of bots"
        " (metrics.bots) are no reply. Unanswered tickets have no value; their age is told.",
        ("ticket", "message", "feedback"), ("overall",),
        "Re-openings are known from the last solve on: a source tells only that one. Quick is not"
        " good: never told without the satisfaction of the same tickets.",
        "METRICS section 3; Zendesk, Calculating first reply time",
        pair="csat",
    ),
    Metric(
        "full_resolution_time", "Full resolution time", 1, "duration",
        "Creation to the last solve, re-openings included; median and 90th percentile, Woodruff's"
        " interval over customers. Waiting for us: the part in which the customer waited for the"
        " company, by the source.",
        _TICKETS + " Solved ones whose solve has an instant.",
        ("ticket", "message", "feedback"), ("overall",),
        "Unsolved tickets have no value yet, so it looks best while work is left undone: read it"
        " beside the backlog. Tickets that a rule closes count as solved.",
        "METRICS section 3",
        pair="csat",
    ),
    Metric(
        "backlog", "Backlog", 1, "count",
        "Tickets unsolved at the instant. B(t2) = B(t1) + created + reopened - solved, exactly.",
        _TICKETS + " One that is solved at no known instant has no movement and is told apart.",
        ("ticket", "message"), ("overall",),
        "A source tells the last solve alone: a ticket that was solved and opened again before that"
        " counts as unsolved all the while.",
        "METRICS section 3",
    ),
    Metric(
        "fcr", "First contact resolution", 1, "percent",
        "Repeat-contact: 100 * issues with a solution and no further contact within fcr_window days"
        " of it / issues whose window is over. Agent-flagged: 100 * issues flagged so / flagged."
        " Customer-confirmed: 100 * answers yes / answers. Wilson intervals. The kinds are never"
        " mixed.",
        "Threads in which a customer turned to somebody. Same issue: the same ticket or order, or"
        " the same topic with no pause longer than the window, in any channel. Thanks are no"
        " contact, nor is an answer in an open conversation, nor a call by an agent; a merged"
        " ticket and a re-opening that the source counts are further contacts. Repeat-contact:"
        " identified customers.",
        ("ticket", "message", "interaction", "feedback"), ("overall",),
        "Gross: issues that nobody could have resolved at once count. Who gives up does not come"
        " back either: read it beside the customers' own answer.",
        "METRICS section 3",
    ),
    Metric(
        "handling_time", "Handling time", 1, "duration",
        "Seconds that agents worked on an issue: those of its calls and chats plus those that its"
        " tickets' agent_time tells; median and 90th percentile, Woodruff's interval over"
        " customers.",
        "Issues of which every call, chat and ticket tells agents' time; others are told apart.",
        ("ticket", "interaction", "feedback"), ("overall",),
        "Never estimated from time that went by. Never told without the satisfaction of the same"
        " issues; an alert says when it fell while satisfaction fell too.",
        "METRICS section 3",
        pair="csat",
    ),
    Metric(
        "service_recovery", "Service recovery", 1, "points",
        "100 * (share of customers who buy within churn_horizon after a failure that was resolved"
        " - mean share of the customers matched to each failure who do). A failure: the first issue"
        " of a customer to which they had to come back, that was opened again, or of which they"
        " said that they were not satisfied; over when its solution has stood for fcr_window days."
        " Matched: by the end of the week in which it began, as many orders (1, 2, 3-4, 5-9,"
        " more), since as long (90 days, a year, more), the last as lately (14, 30, 90, 180 days, a"
        " year, more), and no failure by its end. Both are seen from the week after the end on."
        " Wilson interval of the first, linearised over customers of the second, their difference"
        " by MOVER.",
        "Customers who bought before the end of that week. Failures that are not over, whose"
        " horizon is not, or with fewer than five matches are told apart.",
        ("order", "order_line", "ticket", "message", "interaction", "feedback"), ("overall",),
        "Matched on what they bought, not by lot: who complains may differ otherwise. A failure"
        " that nobody hears of is none here, and whoever has one counts as without.",
        "METRICS section 3; Anderson, Cain and Gelber 1983",
    ),
    Metric(
        "cost_to_serve", "Cost to serve", 1, "money",
        "Sum over a month's contacts of the cost of their channel / customers who bought or turned"
        " to somebody in the month. Interval as for aov.",
        "Contacts: tickets, calls, chats, visits and messages of customers, one per matter and day,"
        " calls by agents left out. Contacts in a channel without a cost are in no sum and told"
        " apart; without any cost in [metrics.cost_to_serve] the metric is absent. People unknown"
        " count, each as somebody's own.",
        ("ticket", "message", "interaction", "order", "order_line"), ("overall",),
        "By the costs that the business states; time that agents really took is handling_time.",
        "METRICS section 3",
        average=True,
    ),
    Metric(
        "closed_loop", "Closed-loop rate", 1, "percent",
        "100 * cases whose customer was told, with the reference of the message / cases. Wilson"
        " interval. One series per rule.",
        _CASES, ("feedback",), ("overall",),
        "Says that there was a word, not that it helped; recovery does. Provisional while cases"
        " are within their time.",
        "METRICS section 3",
    ),
    Metric(
        "closed_loop_on_time", "Closed-loop rate, on time", 1, "percent",
        "100 * cases whose customer was told by the due time / cases. Calendar time from the"
        " customer's first answer: nights and weekends count. Wilson interval. One series per"
        " rule.",
        _CASES + " Cases whose due time has not come count in no part, told or not.",
        ("feedback",), ("overall",),
        "An answer that the hub reads late is late for the customer, too.", "METRICS section 3",
    ),
    Metric(
        "recovery", "Recovery after the word", 1, "percent",
        "Series score: 100 * told customers whose next answer to the same question is none that"
        " opens a case / told customers with a next answer. Series purchase: 100 * told customers"
        " who buy within the window after the word / told customers who had bought before it and"
        " bought since, or whose window is over. Wilson interval.",
        _CASES, ("feedback", "order", "order_line"), ("overall",),
        "No comparison with customers who had no failure: who answers again, or has stayed, is no"
        " random part of those who were told.",
        "METRICS section 3",
    ),
    Metric(
        "feedback_debt", "Feedback debt", 1, "count",
        "Answers in cases whose customer was not told anything yet. n: answers in all cases. The"
        " detail tells their age in whole days: median and oldest.",
        _CASES, ("feedback",), ("overall",),
        "Praise and answers without a name ask for no word here.", "METRICS section 3",
    ),
    Metric(
        "handover_continuity", "Hand-over continuity", 1, "percent",
        "100 * tickets whose card stood there / tickets in which the customer met somebody new."
        " Series channel: the customer's last contact about the same matter was in another channel"
        " or system. Series team: the ticket had more than one assignee. Wilson interval.",
        "Tickets of the last 30 days, opened after the hub first read a connection that takes"
        " notes, of customers who were known before. Cards that the gate kept, or that wait until"
        " it is decided who asks, count as not there; the detail tells how many.",
        ("ticket", "message", "interaction"), ("overall",),
        "That a card stands there says not that it was read, nor that it stood there before the"
        " first of them looked.",
        "METRICS section 3",
    ),
    Metric(
        "effort_index", "Effort index", 1, "score",
        "Mean over issues of the weighted mean of the parts' standard scores against the issues of"
        " complete months. Parts, weight 1 each: repeats (further contacts), reopens, handoffs"
        " (agents - 1), switches of channel, wait (for the company). Overall the mean of a month's"
        " issues, with the interval of aov; per customer of all of theirs, and each part.",
        "Issues as of fcr. A part that no source tells is left out, not nought; so is one that"
        " never varies.",
        ("ticket", "message", "interaction"), ("overall", "profile"),
        "Relative to this business's own issues: 0 is usual here, not little. Being asked for the"
        " same again is not in it, since no source tells it.",
        "METRICS section 3",
        average=True,
    ),
)  # fmt: skip

LOOP = frozenset({"closed_loop", "closed_loop_on_time", "feedback_debt", "recovery"})
"""Metrics of cases, which are measured after the cases are brought up to date."""

HANDED = frozenset({"handover_continuity"})
"""Metrics of what systems were handed, which are measured after that."""

REGISTRY: dict[str, Metric] = {metric.id: metric for metric in METRICS}


@cache
def registry_hash() -> str:
    """16 hex digits that change with any word of any definition."""
    document = orjson.dumps([asdict(metric) for metric in METRICS])
    return blake2b(document, digest_size=8).hexdigest()
