"""Who the customer is: what survived of names and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hub.core.records import one_line
from hub.profile.leaf import Field, Group, field, no_data
from hub.profile.sources import Sources


def who(sources: Sources, now: datetime) -> Group:
    """Names, addresses and records, as they survived; the age is that on the day of ``now``."""
    golden = sources.golden
    names = ("given_name", "family_name", "title", "organisation", "job_title", "language", "owner")
    group = {name: _survived(golden, name) for name in names}
    group["golden_id"] = field(sources.golden_id, "hub", None)
    group["name"] = _name(golden)
    group["email"] = _survived(golden, "email")
    group["phone"] = _survived(golden, "phone")
    group["address"] = _address(golden)
    group["emails"] = _all(golden, "emails")
    group["phones"] = _all(golden, "phones")
    group["age_band"] = _age_band(_survived(golden, "birth_date"), now)
    group["source_records"] = field(list(golden.get("members", [])), "hub", None)
    return group


def _survived(golden: Mapping[str, Any], name: str) -> Field:
    kept = golden.get("fields", {}).get(name)
    if kept is None:
        return no_data()
    leaf = {
        "value": kept["value"],
        "source": kept["source"],
        "at": kept.get("at"),
        "confidence": kept.get("agreement"),
        "purpose": "service",
    }
    return {**leaf, "contested": True} if kept.get("contested") else leaf


def _name(golden: Mapping[str, Any]) -> Field:
    """Given and family name, no surer than the less sure of the two."""
    parts = [_survived(golden, name) for name in ("given_name", "family_name")]
    known = [part for part in parts if part["value"]]
    if known:
        doubts = {"contested": True} if any("contested" in part for part in known) else {}
        shares = [part["confidence"] for part in known if part["confidence"] is not None]
        value = " ".join(str(part["value"]) for part in known)
        return {**known[0], "value": value, "confidence": min(shares, default=None), **doubts}
    for name in ("full_name", "name"):
        whole = _survived(golden, name)
        if whole["value"]:
            return whole
    return no_data()


def _address(golden: Mapping[str, Any]) -> Field:
    kept = _survived(golden, "address")
    return kept if kept["value"] is None else {**kept, "value": one_line(kept["value"])}


def _all(golden: Mapping[str, Any], name: str) -> Field:
    entries = golden.get(name, [])
    if not entries:
        return no_data()
    return field([entry["value"] for entry in entries], entries[0]["source"], None)


def _age_band(birth: Field, now: datetime) -> Field:
    """Ten-year band: the birth date itself stays inside (S4-05)."""
    if not birth["value"]:
        return no_data()
    born = date.fromisoformat(str(birth["value"]))
    age = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    low = age // 10 * 10
    return {**birth, "value": f"{low}-{low + 9}"}
