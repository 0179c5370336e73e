"""Out to systems: what would change, approval, sending with receipts, and undo."""
