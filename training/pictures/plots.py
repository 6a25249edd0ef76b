"""Plots, as matplotlib draws them."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from training.pictures.picture import NUMBERS
from training.pictures.text import Writer

_STYLES = (
    "default",
    "default",
    "ggplot",
    "seaborn-v0_8-whitegrid",
    "dark_background",
    "bmh",
    "fivethirtyeight",
    "classic",
)
_COLOURS = ("tab10", "Set2", "Dark2", "Paired", "viridis", "Pastel1")
_INKS = {"blue": "tab:blue", "red": "tab:red", "green": "tab:green", "orange": "tab:orange", "purple": "tab:purple"}

Axes = Any
Draw = Callable[[Axes, Random, Writer], Sequence[str]]


@dataclass(frozen=True)
class Plot:
    """A finished plot as PNG, and its captions, the plainest first."""

    png: bytes
    captions: Sequence[str]


def plot(random: Random, draw: Draw) -> Plot:
    """Draw one in some style."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    write = Writer(random)
    with pyplot.style.context(random.choice(_STYLES)):
        figure, axes = pyplot.subplots(figsize=random.choice(((7, 5), (6, 4), (5, 5), (9, 5))), dpi=90)
        captions = draw(axes, random, write)
        if random.random() < 0.75:
            axes.set_title(write.phrase(1, 4))
        if random.random() < 0.6 and draw is not pie:
            axes.set_xlabel(write.phrase(1, 2))
            axes.set_ylabel(write.phrase(1, 2))
        if random.random() < 0.4 and draw is not pie:
            axes.grid(visible=True)
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
        pyplot.close(figure)
    return Plot(stream.getvalue(), captions)


def bars(axes: Axes, random: Random, write: Writer) -> Sequence[str]:
    """Bars of one colour or of many, upright or lying."""
    count, lying, one = random.randint(2, 8), random.random() < 0.3, random.random() < 0.5
    heights = [random.uniform(5, 100) for _ in range(count)]
    names = [f"{write.phrase(1, 1)[:9]}{' ' * place}" for place in range(count)]
    ink = random.choice(list(_INKS))
    colours = _INKS[ink] if one else _palette(random, count)
    (axes.barh if lying else axes.bar)(names, heights, color=colours)
    if not lying:
        axes.tick_params(axis="x", labelsize=8)
    many = f"{NUMBERS[count]} {f'{ink} bars' if one else 'bars'}"
    return (
        f"a bar chart with {many}",
        f"a bar chart with {'horizontal' if lying else 'vertical'} bars in {'one color' if one else 'several colors'}",
        f"a chart with bars of {'different lengths' if lying else 'different heights'}",
    )


def lines(axes: Axes, random: Random, write: Writer) -> Sequence[str]:
    """One line or several over time."""
    count, points = random.randint(1, 5), random.randint(8, 80)
    noise = np.random.default_rng(random.randrange(2**32))
    marker = random.choice(("", "", "o", "s"))
    for colour in _palette(random, count):
        axes.plot(noise.normal(random.uniform(-0.2, 0.4), 1, points).cumsum(), color=colour, marker=marker, lw=2)
    keyed = count > 1 and random.random() < 0.7
    if keyed:
        axes.legend([write.phrase(1, 1) for _ in range(count)])
    many = f"{NUMBERS[count]} line{'s' if count > 1 else ''}"
    return (
        f"a line chart with {many}",
        f"a line chart with {'colored lines that go' if count > 1 else 'a line that goes'} up and down",
        f"a graph with {many}{' and a legend' if keyed else ''}",
    )


def pie(axes: Axes, random: Random, write: Writer) -> Sequence[str]:
    """Parts of a whole, as a pie or a ring."""
    count, ring = random.randint(2, 7), random.random() < 0.25
    names = [write.phrase(1, 1) for _ in range(count)]
    axes.pie(
        [random.uniform(1, 6) for _ in range(count)],
        labels=names if random.random() < 0.8 else None,
        autopct="%1.0f%%" if random.random() < 0.5 else None,
        colors=_palette(random, count),
        wedgeprops={"width": 0.4} if ring else {},
    )
    return (
        f"a pie chart with {NUMBERS[count]} {'slices' if not ring else 'parts'}",
        f"a {'round pie chart with a hole in the middle' if ring else 'pie chart with slices in different colors'}",
        "a circle divided into colored parts",
    )


def scatter(axes: Axes, random: Random, _: Writer) -> Sequence[str]:
    """Clouds of points."""
    count = random.randint(1, 4)
    noise = np.random.default_rng(random.randrange(2**32))
    for colour in _palette(random, count):
        x = noise.normal(random.uniform(-3, 3), 1, random.randint(20, 150))
        y = random.uniform(-1, 1) * x + noise.normal(random.uniform(-3, 3), 1, len(x))
        axes.scatter(x, y, color=colour, s=random.choice((12, 25, 50)), alpha=0.8)
    return (
        f"a scatter plot with {'points in ' + NUMBERS[count] + ' colors' if count > 1 else 'many points'}",
        "a scatter plot with dots spread over a graph",
        f"many {'colored ' if count > 1 else ''}dots on a plot with two axes",
    )


def histogram(axes: Axes, random: Random, _: Writer) -> Sequence[str]:
    """How often each value came."""
    noise = np.random.default_rng(random.randrange(2**32))
    ink = random.choice(list(_INKS))
    values = noise.normal(0, 1, 800) if random.random() < 0.6 else noise.exponential(1, 800)
    axes.hist(values, bins=random.randint(12, 40), color=_INKS[ink], edgecolor=random.choice(("white", "black", None)))
    return (
        f"a histogram with {ink} bars",
        f"a histogram with many {ink} bars next to each other",
        "a chart with narrow bars of different heights",
    )


def heat_map(axes: Axes, random: Random, _: Writer) -> Sequence[str]:
    """Values as colours of a grid."""
    noise = np.random.default_rng(random.randrange(2**32))
    side = random.randint(4, 14)
    values = noise.random((side, random.randint(4, 14)))
    drawn = axes.imshow(values, cmap=random.choice(("viridis", "magma", "Blues", "coolwarm", "YlOrRd")), aspect="auto")
    if random.random() < 0.7:
        axes.figure.colorbar(drawn)
    return (
        "a heat map with colored squares",
        "a heat map with rows and columns of colored squares",
        "a grid of squares in different colors",
    )


def _palette(random: Random, count: int) -> list[Any]:
    from matplotlib import colormaps

    chosen = colormaps[random.choice(_COLOURS)]
    return [chosen(place if chosen.N < 100 else place / max(1, count)) for place in range(count)]
