"""What a report cannot express: an average without those it hides."""

from __future__ import annotations

import pytest

from hub.exports.report.model import Average, Beside, Chart, Number, Plain, Point, Table
from hub.metrics.definition import METRICS
from hub.metrics.interval import Estimate

SOME = Estimate(31.0, 20.0, 42.0, 40)
NOBODY_BESIDE = Beside(None, 3, ())
AVERAGES = [metric.id for metric in METRICS if metric.average]


@pytest.mark.parametrize("metric", AVERAGES)
def test_an_average_cannot_be_told_as_a_plain_number(metric):
    """Whoever adds a card for it has to say who fares badly."""
    with pytest.raises(ValueError, match="is an average"):
        Plain(Number(metric, "", SOME, 40, "ok", "2026-10"))


@pytest.mark.parametrize("metric", AVERAGES)
def test_an_average_needs_its_share_at_the_bottom(metric):
    """Open detractors alone are not enough: the share at the bottom is refused to be missing."""
    with pytest.raises(ValueError, match="without its share at the bottom"):
        Average(Number(metric, "", SOME, 40, "ok", "2026-10"), NOBODY_BESIDE)


def test_an_average_that_is_withheld_hides_nobody():
    """Too little data is told as such, and needs nothing beside it."""
    number = Number("nps", "0-10", None, 4, "insufficient", "2026-10")

    assert Average(number, NOBODY_BESIDE).number.n == 4


def test_a_chart_of_an_average_needs_the_share_at_every_point():
    """One month without it is refused, although the others have it."""
    worst = Estimate(12.0, 5.0, 20.0, 40)
    points = (Point("2026-09", SOME, 40, worst), Point("2026-10", SOME, 40))

    with pytest.raises(ValueError, match="chart of nps"):
        Chart("nps", "0-10", "NPS", points)


def test_a_table_takes_no_bare_fraction():
    """A mean could otherwise slip in as a cell."""
    with pytest.raises(ValueError, match="a bare fraction"):
        Table("Stages", ("stage", "felt"), (("start", 0.4),))  # type: ignore[arg-type]


def test_a_row_fits_its_header():
    """A shifted column would tell a number under another's name."""
    with pytest.raises(ValueError, match="does not fit"):
        Table("Stages", ("stage", "n"), (("start",),))
