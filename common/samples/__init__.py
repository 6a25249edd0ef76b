"""Photos that come with captionbot: to try it with, and to measure a model's precision on."""

from pathlib import Path

FOLDER = Path(__file__).parent
# What each photo shows, for those who do not see it. A person wrote these, not the model.
DESCRIPTIONS = {
    "boats": "Men in wooden boats on a river in Nagasaki, about 1865",
    "canyon": "A man in a boat on a river between high cliffs, 1871",
    "photographer": "A man who films with a camera on a tripod",
}
