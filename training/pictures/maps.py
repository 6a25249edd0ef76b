"""Maps of towns, drawn as SVG."""

import math
from random import Random

from training.pictures.picture import FONTS, Page, hue, text
from training.pictures.text import Writer

_PAPERS = (
    *(("#f2efe9", "#fff", "#cdc6ba", "#aad3df", "#c8e6b0"), ("#e8eaed", "#fff", "#ccd", "#9cc0f9", "#bfe3c3")),
    *(("#242f3e", "#38414e", "#212a37", "#17263c", "#263c3f"), ("#f7f3e3", "#f9d98a", "#d9a95a", "#8fc3e8", "#b9d79a")),
)
"""Ground, streets, their edges, water, parks."""


def town(random: Random) -> Page:
    """Streets, parks, water and names."""
    write = Writer(random)
    width, height = random.choice(((1000, 700), (800, 800), (420, 800)))
    ground, street, edge, water, green = random.choice(_PAPERS)
    river, parks, pin = random.random() < 0.6, random.randint(0, 4), random.random() < 0.5
    turn = random.uniform(-40, 40)

    def polygon(colour: str, size: float) -> str:
        x, y = random.uniform(0, width), random.uniform(0, height)
        corners = " ".join(
            f"{x + size * random.uniform(0.6, 1.3) * math.cos(angle):.0f},"
            f"{y + size * random.uniform(0.6, 1.3) * math.sin(angle):.0f}"
            for angle in (step * math.tau / 7 for step in range(7))
        )
        return f"<polygon points='{corners}' fill='{colour}'/>"

    def road(across: bool, place: float, thick: float) -> str:
        bend = random.uniform(-60, 60)
        path = (
            f"M-600,{place} Q{width / 2},{place + bend} {width + 600},{place}"
            if across
            else f"M{place},-600 Q{place + bend},{height / 2} {place},{height + 600}"
        )
        return "".join(
            f"<path d='{path}' stroke='{colour}' stroke-width='{thick + more}' fill='none'/>"
            for colour, more in ((edge, 3), (street, 0))
        )

    apart = random.uniform(45, 110)
    roads = []
    for across, reach in ((True, height), (False, width)):
        place = -300.0
        while place < reach + 300:
            roads.append(road(across, place, random.choice((5, 7, 7, 16))))
            place += apart * random.uniform(0.6, 1.6)
    flow = random.uniform(0, height)
    stream = (
        f"<path d='M-50,{flow} C{width / 3},{flow + random.uniform(-300, 300)} {2 * width / 3},"
        f"{flow + random.uniform(-300, 300)} {width + 50},{random.uniform(0, height)}' stroke='{water}' "
        f"stroke-width='{random.uniform(40, 110)}' fill='none'/>"
    )
    names = "".join(
        f"<text x='{random.uniform(0, width):.0f}' y='{random.uniform(0, height):.0f}' "
        f"font-size='{random.randint(12, 22)}' "
        f"fill='{'#9ab' if ground == '#242f3e' else '#555'}'>{text(write.phrase(1, 2))}</text>"
        for _ in range(random.randint(6, 20))
    )
    needle = (
        f"<path d='M{width / 2},{height / 2} c-50,-60 -30,-90 0,-90 s50,30 0,90' fill='{hue(random, 80, 50)}'/>"
        if pin
        else ""
    )
    body = (
        f"<svg width={width} height={height} font-family='{random.choice(FONTS)}'>"
        f"{''.join(polygon(green, random.uniform(60, 150)) for _ in range(parks))}"
        f"<g transform='rotate({turn:.0f} {width / 2} {height / 2})'>{''.join(roads)}</g>"
        f"{stream if river else ''}{names}{needle}</svg>"
    )
    captions = (
        f"a map of a city with streets{' and a river' if river else ' and parks' if parks else ''}",
        f"a map with streets and names{' and a pin in the middle' if pin else ''}",
        "a screenshot of a street map",
    )
    return Page(body, (width, height), captions, f"body{{background:{ground}}}")
