"""The stages of risk and profile, one after the other, as a run has them."""

from __future__ import annotations

from hub.profile import run as profile
from hub.profile.run import ProfileReport, Rules
from hub.store.engine import Store
from hub.voc import risk_run
from hub.voc.own_scorer import Terms


def look(store: Store, rules: Rules | None = None, terms: Terms | None = None) -> ProfileReport:
    """Read the timelines that moved, and compose the profiles."""
    risk_run.run(store, terms or Terms())
    return profile.run(store, rules or Rules())
