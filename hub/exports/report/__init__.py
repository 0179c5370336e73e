"""Reports for people: one model of blocks, told as a page and as JSON with the same numbers."""
