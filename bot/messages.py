"""Every sentence the bot says, but for the refusals of the screening rules, which come worded from there."""

import math
import unicodedata
from collections.abc import Sequence

from bot.outcomes import Captioned, Outcome
from common.contract import ACCEPTED, Code, megabytes

# --- answers -------------------------------------------------------------------------------------------------------


def captions(outcomes: Sequence[Outcome], limit: int) -> str:
    """One reply for the photos of one message: a bare sentence for one photo, a numbered list for several.

    It has at most `limit` characters.
    """
    return "\n".join(caption_lines(outcomes, limit))


def caption_lines(outcomes: Sequence[Outcome], limit: int) -> list[str]:
    """Word that reply photo by photo, a line for each; joined, they have at most `limit` characters."""
    lines = [sentence(outcome.text) if isinstance(outcome, Captioned) else outcome.sentence for outcome in outcomes]
    if len(lines) > 1:
        lines = [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
    return _fitted(lines, limit - len(lines) + 1)


def _fitted(lines: list[str], room: int) -> list[str]:
    """Cut the longest lines, all to one length, until they fit: every photo of an album has its own."""
    if sum(map(len, lines)) <= room:
        return lines
    most = 0
    for place, length in enumerate(sorted(map(len, lines))):
        most = room // (len(lines) - place)
        if length > most:
            break
        room -= length
    return [line if len(line) <= most else _cut(line, most) for line in lines]


def _cut(line: str, most: int) -> str:
    """Cut a line behind a word, where it has words."""
    head = line[: most - 1]
    behind = head.rfind(" ")
    return f"{(head[:behind] if behind > most // 2 else head).rstrip(' ,;:–—-')}…"


def still(kind: str, caption: str) -> str:
    """Tell what is to be seen on the picture of something that moves; `kind` with its article: "a video"."""
    # An abbreviation stays as it is.
    seen = caption if caption[1:2].isupper() else caption[:1].lower() + caption[1:]
    return f"{kind[:1].upper()}{kind[1:]}; its cover shows {seen}{'' if seen.endswith(('.', '!', '?', '…')) else '.'}"


def unsure(caption: str) -> str:
    """Say a caption that is probably wrong."""
    return f"I am not sure: perhaps {caption}"


SPEECHLESS = "I looked at that photo and found no words for it. Please try another one."
# What ends a sentence where it is not a full stop, by the first word of the last letter's Unicode name.
_STOPS = dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"), "。") | {
    **dict.fromkeys(("DEVANAGARI", "BENGALI", "GURMUKHI", "ORIYA"), "।"),
    "ARMENIAN": "։",
    "ETHIOPIC": "።",
    "KHMER": "។",
    "MYANMAR": "။",
    "TIBETAN": "།",
    "THAI": "",
    "LAO": "",
}
_ENDINGS = ".!?…‽。！？｡．।॥۔؟։።៕។။།"
_OPENING, _CLOSING = "\"'“„‘‚«‹([{¿¡「『《（", "\"'”“’‘»›)]}」』》）"


def sentence(caption: str) -> str:
    """Say a caption as a sentence: "a dog running on grass" becomes "A dog running on grass."."""
    text = " ".join(caption.split()).rstrip(" ,;:、，；：–—-")
    if all(unicodedata.category(letter)[0] in "PZ" for letter in text):  # marks and spaces alone
        return SPEECHLESS
    bare = text.rstrip(_CLOSING)
    start = len(text) - len(text.lstrip(_OPENING))
    if text[start:].split()[0].islower():  # "iPhones on a table" is spelled as it should be
        text = text[:start] + text[start].title() + text[start + 1 :]
    if bare[-1] in _ENDINGS:
        return text
    return text + _STOPS.get(unicodedata.name(bare[-1], "").split(" ")[0], ".")


# --- refusals: each names the limit and the photo's own figure -------------------------------------------------------


def too_large(size: int, limit: int) -> str:
    """Refuse a photo by its size; both in bytes."""
    return (
        f"That photo is {megabytes(size)}; I can read up to {megabytes(limit)}. "
        "A smaller export of it, or a screenshot, will do."
    )


def not_a_photo(media_type: str | None = None) -> str:
    """Refuse a file of a type that the screening rules do not accept; the type as the platform names it, if it does."""
    named = f"That file is {media_type}" if media_type else "I do not know that kind of file"
    return f"{named}; I can read {ACCEPTED} photos."


EMPTY = "That photo arrived empty. Could you send it again?"
CORRUPT = "That photo seems to be damaged: I could not open it. Could you save it anew and send it again?"
TOOK_TOO_LONG = "Describing that photo took longer than I may spend on one. Please send it once more, perhaps smaller."
MISCONFIGURED = "I am not allowed to use my captioner. Whoever runs me should check INFERENCE_API_KEY."
OVERLOADED = "I am sorry, there are more photos than I can describe just now. Please send it again in a few minutes."
NO_COVER = "Of what moves I can look at the cover only, and this has none yet. Please send me a screenshot of it."
UNREADABLE = "I could not describe that photo. Please try another one, or this one saved as JPEG."

# One sentence for each code of the endpoint, for when the answer comes from there: what the bot can see itself (size,
# type, pixels) it has refused before, with the photo's own figure.
SENTENCES = {
    Code.BAD_REQUEST: UNREADABLE,
    Code.EMPTY_IMAGE: EMPTY,
    Code.CORRUPT_IMAGE: CORRUPT,
    Code.UNAUTHORIZED: MISCONFIGURED,
    Code.IMAGE_TOO_LARGE: "That photo has more bytes than I can read. A smaller export of it will do.",
    Code.TOO_MANY_PIXELS: "That photo has more pixels than I can read. Please send it at a smaller size.",
    Code.UNSUPPORTED_FORMAT: not_a_photo(),
    Code.DETAIL_UNAVAILABLE: UNREADABLE,
    Code.OVERLOADED: OVERLOADED,
    Code.DEADLINE_EXCEEDED: TOOK_TOO_LONG,
}


def for_code(code: str) -> str:
    """Find the sentence for an error code of the endpoint; a code of a newer endpoint gets a general one."""
    return SENTENCES[Code(code)] if code in SENTENCES else UNREADABLE


# --- who is answered, and how often ----------------------------------------------------------------------------------


def slow_down(limit: int, seconds: float) -> str:
    """Refuse more than `limit` photos in a minute; `seconds` until there is room again."""
    wait = max(1, math.ceil(seconds))
    return f"I describe up to {limit} photos a minute for each person. Please come back in {wait} s."


def not_invited(place: str, setting: str) -> str:
    """Turn a chat away; `place` is the workspace's or chat's id, `setting` the variable that lists those let in."""
    return f"I am not open to this chat yet. Whoever runs me can let it in by adding {place} to {setting}."


# --- when the bot itself fails ---------------------------------------------------------------------------------------

APOLOGY = "I am sorry, I could not describe this: something on my side kept failing. Please send it again in a while."

# --- Slack -----------------------------------------------------------------------------------------------------------

SLACK_HELP = (
    "Hello! Send me a photo, here or in a channel that I am in, and I will describe it in its thread. "
    "Mention me in the thread of a photo and I will describe that one."
)
SLACK_FILES_CLOSED = (
    "Slack does not let me open files here. Whoever runs me can mend that: add the scope files:read to the app and "
    "reinstall it. After that, please send the photo again."
)
SLACK_FILE_GONE = "That photo was gone before I could look at it. If you still want a caption, please send it again."
SLACK_FILE_ELSEWHERE = (
    "That file is not kept by Slack itself, so I may not open it. Please upload the photo to this chat."
)

SLACK_FILE_DENIED = (
    "Slack does not let me see that file. Please upload the photo to this chat yourself, and I will describe it."
)
SLACK_FILE_HIDDEN = (
    "Slack hides that file: this workspace is past the limit of its plan. Please upload the photo once more."
)
SLACK_INSIDERS_ONLY = (
    "I describe photos for the people of this workspace only. Whoever runs me can change SLACK_OUTSIDERS."
)

# --- Telegram --------------------------------------------------------------------------------------------------------

HELLO = "Hello! Send me a photo, or several at once, and I will tell you what I see in it."
HELP = (
    "Send me a photo, as a photo or as a file, and I will answer with a caption; an album gets one numbered answer. "
    "To have somebody else's photo described, reply to it with /caption."
)
REPLY_TO_A_PHOTO = "Reply to a photo with /caption, and I will describe that one."
NOT_FETCHED = "I could not fetch that photo from Telegram. Could you send it again?"
UNREAD = (
    "I could not read that message: Telegram sent it in a form that I do not know. Please send the photo by itself."
)
LEFT_OUT = "I left out what is no photo."
GUEST_TITLE = "A caption"  # of what Telegram calls an article; people see the text only
GUEST_HELP = "Reply to a photo with my name, and I will describe that one."
# What Telegram's apps list when somebody types a slash.
COMMAND_MENU = {"caption": "In reply to a photo: describe it", "help": "What I can do"}


def only_photos(kind: str) -> str:
    """Answer something that is no photo; `kind` with its article: "a video"."""
    return f"That is {kind}; I can describe photos only. Send me one, or a screenshot."


# --- the web chat ----------------------------------------------------------------------------------------------------

WEB_HELLO = "Give me a photo, or several at once, and I will tell you what I see."
WEB_HOW = "Drop or paste it into the box below, pick a file, take one with the camera, or click a sample."
WEB_PRIVACY = "This conversation is held in memory while the tab is open. Nothing is stored."
WEB_ONLY_PHOTOS = "I can describe photos only. Drop one into the box below, paste it, or click a sample."
WEB_NO_ANSWER = "My captioner gave no answer in time. I still have your photo: please try again in a moment."


def web_unreachable(address: str) -> str:
    """Tell that nobody answers at the endpoint's address, and what to do (Markdown)."""
    return (
        f"I can't reach my captioner at `{address}`. Start it with `captionbot serve`, or, if it runs elsewhere, set "
        "`INFERENCE_URL` to its address and start me again. `captionbot doctor` tells what is wrong."
    )


def web_photo_kept(trouble: str) -> str:
    """Add to a trouble that it costs the photo nothing."""
    return f"{trouble} I still have your photo: then try again."
