"""Pages and papers: web pages, tables, slides, documents, receipts, calendars."""

from random import Random

from training.pictures.picture import FONTS, MONOSPACE, NUMBERS, Page, hue, several, text
from training.pictures.text import Writer


def _table(random: Random, rows: int, columns: int) -> str:
    write = Writer(random)
    head = "".join(f"<th>{text(write.phrase(1, 1))}</th>" for _ in range(columns))

    def cell(column: int) -> str:
        number = f"{random.uniform(0, 900):.{random.choice((0, 1, 2))}f}"
        return f"<td>{number if column else write.name()}</td>"

    lines = "".join("<tr>" + "".join(cell(column) for column in range(columns)) + "</tr>" for _ in range(rows))
    return f"<table><tr>{head}</tr>{lines}</table>"


def spreadsheet(random: Random) -> Page:
    """Cells with letters above and numbers beside."""
    columns, rows = random.randint(5, 12), random.randint(16, 34)
    letters = (
        "<tr class=edge><th></th>" + "".join(f"<th>{chr(65 + column)}</th>" for column in range(columns)) + "</tr>"
    )
    write = Writer(random)
    filled = random.uniform(0.3, 1)

    def cell(column: int) -> str:
        if random.random() > filled:
            return "<td></td>"
        shade = f" style='background:{hue(random, 60, 85)}'" if random.random() < 0.06 else ""
        return f"<td{shade}>{write.goods() if not column else random.randint(1, 5000)}</td>"

    lines = "".join(
        f"<tr><th>{row}</th>" + "".join(cell(column) for column in range(columns)) + "</tr>" for row in range(1, rows)
    )
    green = random.random() < 0.5
    bar = f"<div style='background:{'#217346' if green else '#e8eaed'};height:{random.randint(30, 90)}px'></div>"
    style = (
        f"body{{font:{random.randint(12, 17)}px {random.choice(FONTS)};background:#fff}}"
        "table{border-collapse:collapse;width:100%}"
        "td,th{border:1px solid #ccc;padding:4px 6px;text-align:right;height:1em}"
        "th{background:#f0f0f0;font-weight:400;color:#444;text-align:center}"
    )
    captions = (
        "a screenshot of a spreadsheet with rows and columns of numbers",
        f"a screenshot of a spreadsheet with {'many' if filled > 0.65 else 'some empty'} cells",
        "a spreadsheet with numbers on a computer screen",
    )
    return Page(bar + f"<table>{letters}{lines}</table>", random.choice(((1200, 760), (1000, 700))), captions, style)


def table(random: Random) -> Page:
    """A table by itself, as on a page or in a paper."""
    rows, columns = random.randint(4, 14), random.randint(3, 7)
    head = random.choice((hue(random, 50, 40), "#333", "#ddd"))
    striped = random.random() < 0.6
    style = (
        f"body{{font:{random.randint(15, 22)}px {random.choice(FONTS)};background:#fff;padding:22px}}"
        "table{border-collapse:collapse;width:100%}td,th{padding:9px 12px;border-bottom:1px solid #bbb;text-align:left}"
        f"th{{background:{head};color:{'#111' if head == '#ddd' else '#fff'}}}"
        + ("tr:nth-child(odd) td{background:#f0f3f7}" if striped else "")
    )
    captions = (
        f"a table with {NUMBERS[columns]} columns of names and numbers",
        f"a screenshot of a table with {'striped rows' if striped else 'a row of headings'} on a white background",
        "a table of numbers with a heading over each column",
    )
    size = (random.choice((700, 900, 1100)), min(800, 60 + 46 * rows))
    return Page(_table(random, rows, columns), size, captions, style)


def web_page(random: Random) -> Page:
    """A site: an article, a shop, a form, a table, or what a search found."""
    write = Writer(random)
    kind = random.choice(("article", "shop", "form", "table", "results"))
    dark = random.random() < 0.2
    accent = hue(random, 60, 40)
    links = "".join(f"<a>{text(write.phrase(1, 1))}</a>" for _ in range(5))
    picture = "<div class=pic style='height:{}px;background:linear-gradient({}deg,{},{})'></div>"

    def pic(height: int) -> str:
        return picture.format(height, random.randrange(360), hue(random, 45, 45), hue(random, 45, 75))

    if kind == "article":
        body = f"<h1>{text(write.title())}</h1>{pic(220) if random.random() < 0.5 else ''}" + several(
            random, 3, 6, lambda: f"<p>{text(write.paragraph())}</p>"
        )
        said = ("a screenshot of a web page with an article", "a screenshot of a web page with a title and text")
    elif kind == "shop":
        card = "<div class=card>{}<b>{}</b><br>$ {}<br><button>+</button></div>"
        cards = several(random, 4, 9, lambda: card.format(pic(130), write.goods(), write.price()))
        body = f"<h2>{text(write.title())}</h2><div class=cards>{cards}</div>"
        said = ("a screenshot of a web page with products and prices", "a screenshot of an online shop on a web page")
    elif kind == "form":
        field = "<label>{}<br><input></label>"
        fields = several(random, 2, 7, lambda: field.format(text(write.phrase(1, 2))))
        body = (
            f"<div class=form><h2>{text(write.title())}</h2>{fields}<button>{text(write.phrase(1, 1))}</button></div>"
        )
        said = ("a screenshot of a web page with a form", "a screenshot of a web page with empty fields and a button")
    elif kind == "table":
        body = f"<h2>{text(write.title())}</h2>{_table(random, random.randint(6, 14), random.randint(3, 6))}"
        said = ("a screenshot of a web page with a table", "a screenshot of a web page with a table under a title")
    else:
        found = "<div class=hit><a>{}</a><p>{}</p></div>"
        hits = several(random, 4, 8, lambda: found.format(text(write.title()), text(write.paragraph(1, 2))))
        body = f"<input style='width:60%'>{hits}"
        said = ("a screenshot of a web page with search results", "a screenshot of a web page with a list of links")
    style = (
        f"body{{font:{random.randint(14, 19)}px {random.choice(FONTS)};background:{'#16181c' if dark else '#fff'};"
        f"color:{'#ddd' if dark else '#222'}}}"
        f"nav{{background:{random.choice((accent, '#222', '#f4f4f4'))};padding:15px 20px}}"
        f"nav a{{color:#999;margin-right:24px}}main{{padding:20px {random.choice((20, 60, 140))}px;line-height:1.5}}"
        f".cards{{display:grid;grid-template-columns:repeat({random.randint(2, 4)},1fr);gap:18px}}"
        ".card{border:1px solid #8884;padding:10px}.pic{margin-bottom:8px}"
        ".form{width:380px;margin:auto;padding:24px;border:1px solid #8886}"
        f"input{{width:100%;height:34px;margin:6px 0 14px;box-sizing:border-box}}button{{background:{accent};"
        f"color:#fff;border:0;padding:9px 22px}}.hit a{{color:{'#8af' if dark else '#15c'};font-size:1.2em}}"
        "table{border-collapse:collapse;width:100%}td,th{border:1px solid #8886;padding:7px;text-align:left}"
    )
    size = random.choice(((1280, 800), (1100, 800), (1000, 640), (420, 860)))
    return Page(f"<nav>{links}</nav><main>{body}</main>", size, (*said, "a web page with a menu at the top"), style)


def slide(random: Random) -> Page:
    """A slide of a talk."""
    write = Writer(random)
    points = random.randint(0, 6)
    dark = random.random() < 0.35
    ground = hue(random, 45, 25) if dark else random.choice(("#fff", "#fff", "#f6f3ea", hue(random, 40, 92)))
    items = "".join(f"<li>{text(write.phrase(2, 7))}</li>" for _ in range(points))
    rest = f"<ul>{items}</ul>" if points else f"<p>{text(write.phrase(2, 4))}</p>"
    style = (
        f"body{{font:{random.randint(30, 38)}px {random.choice(FONTS)};background:{ground};"
        f"color:{'#fff' if dark else '#222'};height:100vh;padding:{'40px 60px' if points else '25vh 60px'};"
        "box-sizing:border-box;"
        f"text-align:{'left' if points else 'center'}}}h1{{font-size:1.7em;margin:0 0 .7em;color:"
        f"{'inherit' if dark else hue(random, 60, 30)};border-bottom:{random.choice((0, 3))}px solid}}"
        "li{margin:.45em 0}"
    )
    counted = f"{NUMBERS[points]} bullet point{'s' if points > 1 else ''}"
    ground_said = "dark" if dark else "light"
    captions = (
        f"a slide with a title and {counted}" if points else "a slide with a title in the middle",
        f"a slide of a presentation with {'white' if dark else 'dark'} text",
        f"a presentation slide with {'a list' if points else 'large words'} on a {ground_said} background",
    )
    return Page(f"<h1>{text(write.title())}</h1>{rest}", random.choice(((1280, 720), (1024, 768))), captions, style)


def document(random: Random) -> Page:
    """A printed page or a letter."""
    write = Writer(random)
    letter, two = random.random() < 0.3, random.random() < 0.3
    paragraphs = several(random, 3, 9, lambda: f"<p>{text(write.paragraph())}</p>")
    head = f"<h1>{text(write.title())}</h1>" if not letter else f"<p>{write.name()}<br>{text(write.title())}</p><br>"
    gray = random.choice(("#fff", "#fff", "#f4f0e6", "#e9e9e9"))
    style = (
        f"body{{font:{random.randint(14, 20)}px/1.5 {random.choice(FONTS)};background:{gray};color:#222;"
        "padding:60px 70px}"
        f"h1{{text-align:{random.choice(('left', 'center'))}}}main{{columns:{2 if two else 1};text-align:justify}}"
    )
    captions = (
        "a page of text from a letter" if letter else "a page of a document with a heading and text",
        f"a printed document with {'two columns' if two else 'several paragraphs'} of black text",
        "a sheet of paper with lines of text",
    )
    return Page(
        f"{head}<main>{paragraphs}</main>", random.choice(((800, 1100), (800, 1000), (900, 900))), captions, style
    )


def receipt(random: Random) -> Page:
    """What a till prints, on some surface."""
    write = Writer(random)
    lines = several(random, 4, 12, lambda: f"<div><span>{write.goods()}</span><span>{write.price()}</span></div>")
    total = f"<hr><div><b>TOTAL</b><b>{write.price()}</b></div><hr>"
    code = (
        "".join(f"<s style='width:{random.randint(1, 5)}px'></s>" for _ in range(34)) if random.random() < 0.6 else ""
    )
    style = (
        f"body{{background:{random.choice(('#fff', '#444', '#8a6a4a', hue(random, 30, 60)))};display:flex;"
        "justify-content:center}main{background:#fdfdfa;width:300px;padding:24px;margin:24px;color:#222;"
        f"font:{random.randint(15, 18)}px {random.choice(MONOSPACE)};transform:rotate({random.uniform(-5, 5):.1f}deg)}}"
        "main>div{display:flex;justify-content:space-between;margin:4px 0}h2{text-align:center;margin:4px}"
        "s{background:#111;height:50px;margin-right:3px;display:inline-block}"
    )
    captions = (
        "a receipt from a store with a list of prices",
        "a paper receipt with prices and a total",
        f"a long white receipt {'with a bar code' if code else 'with printed numbers'}",
    )
    body = f"<main><h2>{text(write.phrase(1, 2)).upper()}</h2>{lines}{total}{code}</main>"
    return Page(body, random.choice(((420, 700), (600, 760), (500, 640))), captions, style)


def calendar(random: Random) -> Page:
    """A month."""
    write = Writer(random)
    first = random.randint(0, 6)

    def day(number: int) -> str:
        event = f"<p style='background:{hue(random, 60, 75)}'>{text(write.phrase(1, 2))}</p>"
        return f"<td>{number if 0 < number < 31 else ''}{event if random.random() < 0.25 else ''}</td>"

    weeks = "".join(
        "<tr>" + "".join(day(7 * week + place - first) for place in range(1, 8)) + "</tr>" for week in range(5)
    )
    style = (
        f"body{{font:{random.randint(14, 18)}px {random.choice(FONTS)};background:#fff;padding:14px}}table{{width:100%;"
        "border-collapse:collapse;table-layout:fixed}"
        "td{border:1px solid #ccc;height:100px;vertical-align:top;padding:5px}"
        "p{margin:3px 0;padding:3px;border-radius:4px;font-size:.8em}"
    )
    captions = ("a screenshot of a calendar with the days of a month", "a calendar with events in colored boxes")
    return Page(f"<h2>{text(write.phrase(1, 1))}</h2><table>{weeks}</table>", (1000, 680), captions, style)
