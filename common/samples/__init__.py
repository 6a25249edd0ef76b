"""Photos that come with captionbot: to try it with, and to measure a model's precision on."""

from pathlib import Path

FOLDER = Path(__file__).parent
# What each photo shows, for those who do not see it. A person wrote these, not the model.
DESCRIPTIONS = {
    "cat": "A kitten on something red, with a ball of wool",
    "chart": "A bar chart of photos captioned from Monday to Friday",
    "cow": "A black and white cow in a meadow, and two more behind it",
    "receipt": "A receipt of a corner shop, from bread to tea",
    "sheep": "A sheep that looks at you from a meadow",
    "slide": "A slide about how a photo gets its caption, in four points",
    "terminal": "A terminal in which captionbot was called a few times",
}
