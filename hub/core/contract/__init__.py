"""The connector contract in its parts; plugins import every name from ``hub.core.connector``.

context.py     where a connector's functions work, and how it says what a system cannot do
reading.py     a stream, its reader, and the pages that come of it
deliveries.py  what a vendor pushes, as the same pages
writing.py     fields and permissions, into records that a system has
handing.py     tasks and notes, which it is given to keep
"""
