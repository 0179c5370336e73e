"""Groups of customers: defined in files, decided by rules, remembered with their history."""
