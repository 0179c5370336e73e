"""The command ``hub`` that pauses once, between reading its second page and committing it.

It prints "held" and goes on when it is sent a line, so that a test can do to it what it likes at
exactly this moment. Not a test: started by ``test_serve.py``.
"""

import sys
from itertools import count

from hub.cli.main import main
from hub.core import boundary

pages = count(1)


def hold(reached: boundary.Boundary) -> None:
    """Pause at the second page."""
    if reached == "page fetched" and next(pages) == 2:
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    boundary.listen(hold)
    main()
