"""Mutations."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.shopify.emulator.request import Resolver

FIELDS: Mapping[str, Resolver] = {}
