"""``unified_profile_v1`` and the context card, composed from everything below."""
