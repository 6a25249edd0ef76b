"""The two parts of the page that Streamlit does not have: photos to click, and a caption to copy."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import streamlit as st
from PIL import Image

from common.samples import DESCRIPTIONS, FOLDER

THUMBNAIL = 160  # pixels, twice what is shown, for screens that have as many

_gallery = st.components.v2.component(
    "captionbot_samples",
    html="<div role='group' aria-label='Sample photos'></div>",
    css="""
    [role=group] { display: flex; flex-wrap: wrap; gap: 0.5rem; }
    button { padding: 0; border: 2px solid transparent; border-radius: var(--st-base-radius); background: none;
             line-height: 0; cursor: pointer; flex: none; width: 3.25rem; aspect-ratio: 1; overflow: hidden; }
    button:hover, button:focus-visible { border-color: var(--st-primary-color); outline: none; }
    img { width: 100%; height: 100%; object-fit: cover; border-radius: calc(var(--st-base-radius) - 2px); }
    """,
    js="""
    export default function ({ data, parentElement, setTriggerValue }) {
      const group = parentElement.querySelector("[role=group]");
      group.replaceChildren(...data.map(({ name, description, source }) => {
        const button = document.createElement("button");
        const image = document.createElement("img");
        image.src = source;
        image.alt = "Sample: " + description;
        button.type = "button";
        button.title = description;
        button.append(image);
        button.onclick = () => setTriggerValue("chosen", name);
        return button;
      }));
    }
    """,
)

_caption = st.components.v2.component(
    "captionbot_caption",
    html="<p role='status'></p><footer><span></span><button type='button'>Copy</button></footer>",
    css="""
    p { margin: 0.25rem 0 0.5rem; font-size: 1.125rem; line-height: 1.5; overflow-wrap: anywhere; min-height: 1.5em; }
    footer { display: flex; gap: 0.75rem; align-items: center; font-size: 0.875rem; }
    span { opacity: 0.75; }
    button { font: inherit; color: inherit; background: none; border: 1px solid var(--st-border-color);
             border-radius: var(--st-base-radius); padding: 0.375rem 0.75rem; cursor: pointer; min-height: 1.75rem; }
    button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
    """,
    js="""
    export default function ({ data, parentElement }) {
      const [text, time, button] = ["p", "span", "button"].map((name) => parentElement.querySelector(name));
      // A screen reader tells what changes in a status, not what it holds from the start.
      if (text.textContent !== data.text) setTimeout(() => { text.textContent = data.text; }, 50);
      time.textContent = data.time;
      button.setAttribute("aria-label", "Copy caption");
      button.onclick = async () => {
        const copied = await copy(data.text);
        button.textContent = copied ? "Copied" : "Not copied";
        button.setAttribute("aria-label", button.textContent);
        setTimeout(() => { button.textContent = "Copy"; button.setAttribute("aria-label", "Copy caption"); }, 2000);
      };
    }

    async function copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        // Over plain HTTP only localhost has a clipboard; elsewhere a selection in the page itself can be copied.
        const field = document.createElement("textarea");
        field.value = text;
        field.style.position = "fixed";
        document.body.append(field);
        field.select();
        const copied = document.execCommand("copy");
        field.remove();
        return copied;
      }
    }
    """,
)


@dataclass(frozen=True)
class Sample:
    """A photo that comes with captionbot. `source` is its thumbnail as a data URL."""

    name: str
    description: str
    source: str

    @property
    def photo(self) -> bytes:
        """The encoded photo."""
        return (FOLDER / f"{self.name}.jpg").read_bytes()


@cache
def samples() -> Sequence[Sample]:
    """Read the sample photos, in the order of their names."""
    return [Sample(name, words, _thumbnail(FOLDER / f"{name}.jpg")) for name, words in sorted(DESCRIPTIONS.items())]


def _thumbnail(path: Path) -> str:
    with Image.open(path) as image:
        image.thumbnail((THUMBNAIL * 2, THUMBNAIL))
        out = BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def gallery() -> Sample | None:
    """Show the sample photos; returns the one that was clicked just now."""
    data = [{"name": s.name, "description": s.description, "source": s.source} for s in samples()]
    chosen = _gallery(key="samples", data=data, width="content", on_chosen_change=lambda: None).chosen
    return next((sample for sample in samples() if sample.name == chosen), None)


def caption(text: str, seconds: float, key: str) -> None:
    """Show a caption, how many seconds it took, and a button that copies it."""
    _caption(key=key, data={"text": text, "time": f"{seconds:.2f} s"})
