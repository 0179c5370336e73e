"""The admin's door: one command, ``hub``, that mounts the others."""
