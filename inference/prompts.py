"""What a model that takes text is asked for: a task, a question in its chat template, or how its caption begins.

Each family learned its own: https://huggingface.co/docs/transformers/model_doc/ has them on the family's page.
"""

from dataclasses import dataclass

QUESTION = "Describe this photo in one short sentence."
MORE = "Describe this photo in detail, in a few sentences."


@dataclass(frozen=True)
class Prompts:
    """What stands before a caption. `{image}` is where the photo goes, of those that want to be told."""

    short: str = ""
    detailed: str | None = ""  # the same: only its limits tell it from a short one; None: it can't say more
    custom: str | None = "{prompt}"  # what CAPTION_PROMPT becomes; None: there is no place for one
    is_said: bool = False  # whether the prompt is part of the caption

    def of(self, detail: str, prompt: str | None) -> str:
        """What to say for a caption of this kind, with `prompt` as CAPTION_PROMPT."""
        if prompt is not None and self.custom is not None:
            return self.custom.replace("{prompt}", prompt)
        return self.short if detail == "short" else self.detailed or self.short


_BEGUN = Prompts(is_said=True)
_ASKED = Prompts("USER: {image}\n" + QUESTION + " ASSISTANT:", "USER: {image}\n" + MORE + " ASSISTANT:",
                 "USER: {image}\n{prompt} ASSISTANT:")  # fmt: skip
_INSTRUCTED = Prompts(QUESTION, MORE)

CHAT = Prompts(QUESTION, MORE)
"""For whatever has a chat template, which then says where the photo goes."""
PROMPTS = {
    "blip": _BEGUN,
    "git": _BEGUN,
    "blip-2": Prompts(),
    "instructblip": _INSTRUCTED,
    "florence2": Prompts("<CAPTION>", "<DETAILED_CAPTION>", custom=None),
    "kosmos-2": Prompts("An image of", "Describe this image in detail:"),
    "paligemma": Prompts("{image}caption en", "{image}describe en", "{image}{prompt}"),
    "pix2struct": Prompts(detailed=None, custom=None),
}
OTHERWISE = _ASKED
"""For those without a template: how LLaVA was asked, and most that came after it."""
