"""Every table on one page, engines for SQLite and PostgreSQL, and the queries that rooms share."""
