"""Photos that come with captionbot: to try it with, and to measure a model's precision on."""

from pathlib import Path

FOLDER = Path(__file__).parent
# What each photo shows, for those who do not see it. A person wrote these, not the model.
DESCRIPTIONS = {
    "cat": "The face of a tabby cat",
    "chart": "A bar chart of photos captioned from Monday to Friday",
    "lines": "A line chart with a blue and an orange line",
    "pie": "A pie chart in four parts: Slack, Telegram, HTTP and web",
    "receipt": "A receipt of a corner shop, from bread to tea",
    "slide": "A slide about how a photo gets its caption, in four points",
    "terminal": "A terminal in which captionbot was called a few times",
}
