"""Out as files: profiles and the consent ledger, written whole or not at all, never unrecorded."""
