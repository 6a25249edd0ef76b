"""What the page about AWS says of costs is what was measured."""

from tests.docker.templates import ROOT


def test_the_tables_of_costs_are_the_measured_ones() -> None:
    measured = (ROOT / "BENCHMARKS.md").read_text().partition("## What a month costs")[2].partition("\n## ")[0]
    told = (ROOT / "docs" / "aws.md").read_text().splitlines()
    lines = [line for line in measured.splitlines() if line.startswith("|")]
    assert len(lines) > 10
    assert set(lines) <= set(told)
