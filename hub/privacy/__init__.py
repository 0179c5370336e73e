"""What may be done with personal data: the fold over the consent ledger and the release gate."""
