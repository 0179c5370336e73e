"""Shipped with the hub: what an author needs to prove a connector."""
