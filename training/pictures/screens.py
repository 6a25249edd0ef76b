"""Screens that programmers and chats show: terminals, code, conversations, dialogs, phones."""

from random import Random

from training.pictures.picture import FONTS, MONOSPACE, NUMBERS, Page, hue, several, text
from training.pictures.text import Writer

_TERMINALS = (
    *(("#000", "#ddd", "white", "black"), ("#000", "#2f2", "green", "black"), ("#1e1e1e", "#e5e5e5", "white", "dark")),
    *(("#300a24", "#fff", "white", "purple"), ("#fff", "#111", "black", "white"), ("#002b36", "#9ab", "gray", "blue")),
)


def terminal(random: Random) -> Page:
    """A terminal after some commands."""
    write = Writer(random)
    ground, ink, said_ink, said_ground = random.choice(_TERMINALS)
    prompt = random.choice(("$", "~ $", "user@host:~$", "root#", ">>>", "C:\\&gt;"))

    def command() -> str:
        answer = several(random, 0, 7, lambda: f"<div>{text(random.choice((write.code, write.command))())}</div>")
        return f"<div><b style='color:{hue(random, 70, 55)}'>{prompt}</b> {text(write.command())}</div>{answer}"

    lamps = "<i></i><i style='background:#fc5'></i><i style='background:#5c5'></i>"
    bar = f"<div style='background:#555;height:26px'>{lamps}</div>"
    body = random.choice(("", bar)) + f"<main>{several(random, 1, 12, command)}</main>"
    style = (
        f"body{{background:{ground};color:{ink};font:{random.randint(13, 24)}px {random.choice(MONOSPACE)}}}"
        "main{padding:10px;white-space:pre;line-height:1.35}"
        "i{display:inline-block;width:14px;height:14px;border-radius:9px;background:#f66;margin:6px 0 0 8px}"
    )
    captions = (
        f"a screenshot of a terminal with {said_ink} text on a {said_ground} background",
        "a screenshot of a terminal with commands and their output",
        f"a terminal window shows lines of {said_ink} text",
    )
    return Page(body, random.choice(((1000, 640), (800, 600), (1280, 800), (700, 700))), captions, style)


def code(random: Random) -> Page:
    """An editor with a program."""
    write = Writer(random)
    dark = random.random() < 0.65
    ground, ink = ("#1e1e1e", "#d4d4d4") if dark else ("#fff", "#222")
    numbered = random.random() < 0.7

    def line(number: int) -> str:
        words = text(write.code()).split(" ")
        coloured = " ".join(
            f"<b style='color:{hue(random, 65, 68 if dark else 38)}'>{word}</b>" if random.random() < 0.4 else word
            for word in words
        )
        return f"<div>{f'<s>{number:>3}</s>  ' if numbered else ''}{'  ' * random.randint(0, 2)}{coloured}</div>"

    side = random.random() < 0.4
    files = "".join(f"<div>{write.code()[:1]} {write.name().lower()}.py</div>" for _ in range(14)) if side else ""
    tree = f"<aside>{files}</aside>" if side else ""
    lines = "".join(line(number) for number in range(1, random.randint(14, 45)))
    style = (
        f"body{{background:{ground};color:{ink};font:{random.randint(13, 22)}px {random.choice(MONOSPACE)};"
        f"display:flex}}aside{{width:190px;padding:10px;background:{'#252526' if dark else '#eee'};height:2000px}}"
        "main{padding:8px;white-space:pre;line-height:1.45}s{color:#888;text-decoration:none}b{font-weight:400}"
    )
    theme = "dark" if dark else "light"
    captions = (
        f"a screenshot of code in a {theme} editor",
        f"a screenshot of code with colored words on a {'black' if dark else 'white'} background",
        f"lines of code {'with line numbers ' if numbered else ''}on a {theme} screen",
    )
    return Page(f"{tree}<main>{lines}</main>", random.choice(((1100, 700), (900, 700), (1280, 800))), captions, style)


def chat(random: Random) -> Page:
    """A conversation on a phone or in a window."""
    write = Writer(random)
    phone, dark = random.random() < 0.55, random.random() < 0.35
    theirs, mine = ("#333", hue(random, 55, 35)) if dark else ("#e8e8ec", hue(random, 60, 75))
    bubbles = random.random() < 0.7

    def message() -> str:
        right = random.random() < 0.5
        words = text(write.phrase(1, 16))
        if not bubbles:
            face = f"<em style='background:{hue(random)}'></em>"
            return (
                f"<p class=row>{face}<span><b>{write.name()}</b> <small>{write.clock()}</small><br>{words}</span></p>"
            )
        return f"<p class='{'right' if right else 'left'}'>{words} <small>{write.clock()}</small></p>"

    bar = f"<header style='background:{hue(random, 50, 30 if dark else 45)}'>{write.name()}</header>"
    style = (
        f"body{{background:{'#111' if dark else random.choice(('#fff', '#f4f1ea', '#dfe7ee'))};"
        f"color:{'#eee' if dark else '#111'};font:{random.randint(15, 20)}px {random.choice(FONTS)}}}"
        "header{padding:14px;color:#fff;font-size:1.2em}main{padding:10px;display:flex;flex-direction:column}"
        "p{margin:5px;padding:9px 13px;border-radius:15px;max-width:70%}small{opacity:.55;font-size:.7em}"
        f".right{{background:{mine};align-self:flex-end}}.left{{background:{theirs};align-self:flex-start}}"
        ".row{display:flex;max-width:none}em{flex:0 0 36px;height:36px;border-radius:8px;margin-right:10px}"
    )
    body = f"{random.choice((bar, ''))}<main>{several(random, 5, 18, message)}</main>"
    look = "dark" if dark else "light"
    captions = (
        f"a screenshot of a chat {'with messages in bubbles' if bubbles else 'between several people'}",
        f"a screenshot of a chat {'on a phone' if phone else 'in a window'} with a {look} background",
        "a conversation with short messages on a screen",
    )
    return Page(body, random.choice(((390, 780), (420, 860)) if phone else ((1000, 700), (800, 640))), captions, style)


def dialog(random: Random) -> Page:
    """A window that complains or asks."""
    write = Writer(random)
    kind, sign, colour = random.choice(
        (("an error message", "✖", "#d33"), ("a warning", "⚠", "#e90"), ("a question", "?", "#27c"))
    )
    buttons = random.randint(1, 3)
    row = "".join(f"<button>{text(write.phrase(1, 2))}</button>" for _ in range(buttons))
    body = (
        f"<section><h2>{text(write.title())}</h2><div class=in><b style='color:{colour}'>{sign}</b>"
        f"<p>{text(write.paragraph(1, 2))}</p></div><footer>{row}</footer></section>"
    )
    style = (
        f"body{{background:{random.choice((hue(random, 30, 60), '#777', '#ddd', '#234'))};"
        f"font:{random.randint(15, 19)}px {random.choice(FONTS)};display:flex;align-items:center;"
        "justify-content:center;height:100vh}"
        "section{background:#fff;width:62%;border-radius:8px;box-shadow:0 4px 22px #0008;color:#222}"
        "h2{margin:0;padding:12px 16px;background:#eee;font-size:1.05em;border-radius:8px 8px 0 0}"
        ".in{display:flex;padding:18px;align-items:center}.in b{font-size:3em;margin-right:18px}"
        "footer{text-align:right;padding:12px}button{font:inherit;padding:6px 18px;margin-left:8px}"
    )
    captions = (
        f"a screenshot of {kind} in a window with {NUMBERS[buttons]} button{'s' if buttons > 1 else ''}",
        f"a screenshot of {kind} on a screen",
        "a small window with a message and a button",
    )
    return Page(body, random.choice(((800, 500), (700, 480), (1000, 640))), captions, style)


def phone(random: Random) -> Page:
    """A phone's home screen, or a list of its settings."""
    write = Writer(random)
    home = random.random() < 0.5
    if home:
        icons = "".join(
            f"<div><em style='background:{hue(random, 70, 55)}'>{write.name()[0]}</em>{write.name()}</div>"
            for _ in range(random.randint(12, 24))
        )
        body = f"<h1>{write.clock()}</h1><main class=grid>{icons}</main>"
        ground = f"linear-gradient({random.randrange(360)}deg,{hue(random, 60, 35)},{hue(random, 60, 60)})"
    else:
        row = "<div class=set><span>{}</span><u style='background:{}'></u></div>"
        rows = several(random, 8, 14, lambda: row.format(text(write.phrase(1, 3)), random.choice(("#3c6", "#bbb"))))
        body = f"<h2>{text(write.phrase(1, 2))}</h2><main>{rows}</main>"
        ground = random.choice(("#f2f2f7", "#fff"))
    style = (
        f"body{{background:{ground};font:16px {random.choice(FONTS)};color:{'#fff' if home else '#111'};height:100vh}}"
        "h1{text-align:center;font-size:3.4em;margin:.5em 0}h2{padding:20px 14px 4px}"
        ".grid{display:grid;grid-template-columns:repeat(4,1fr);gap:20px;padding:14px;text-align:center;font-size:.75em}"
        "em{display:block;width:56px;height:56px;line-height:56px;border-radius:14px;margin:auto;font-size:1.7em}"
        ".set{display:flex;justify-content:space-between;padding:15px;border-bottom:1px solid #ccc}"
        "u{width:46px;height:26px;border-radius:13px}"
    )
    captions = (
        ("a screenshot of a phone with rows of app icons", "a screenshot of a phone's home screen with the time")
        if home
        else ("a screenshot of a phone with a list of settings", "a screenshot of settings with switches on a phone")
    )
    return Page(body, (390, 800), captions, style)
