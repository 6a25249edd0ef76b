"""The chat page, drawn anew from the conversation at each visit, click and photo."""

from functools import cache

import streamlit as st

from bot import messages
from bot.outcomes import Captioned, Refused
from bot.settings import BotSettings
from bot.web import components
from bot.web.asking import Unanswered
from bot.web.conversation import Conversation, Turn
from bot.web.health import monitor
from bot.web.sidebar import show_captioner
from common.settings import read_settings


@cache
def _settings() -> BotSettings:
    return read_settings(BotSettings)


def show() -> None:
    """Draw the page; a turn without an answer gets it on the way."""
    settings = _settings()
    conversation: Conversation = st.session_state.setdefault("conversation", Conversation())
    _receive(conversation)
    with st.sidebar:
        show_captioner(settings)
        if conversation.turns:
            st.button("Clear the conversation", icon=":material/delete:", on_click=conversation.turns.clear)
        st.caption(messages.WEB_PRIVACY)
    st.title("captionbot")
    with st.chat_message("assistant"):
        st.markdown(messages.WEB_HELLO)
        st.caption(messages.WEB_HOW)
    for turn in conversation.turns:
        _draw(turn, settings)


def _receive(conversation: Conversation) -> None:
    """Draw what photos come in by, and take those that came in just now."""
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        sample = components.gallery()
        if st.button("Camera", icon=":material/photo_camera:"):
            _take_photo(conversation)
    # Not inside st.bottom: only a page whose box stands on its own follows the conversation to its end.
    sent = st.chat_input("Drop, paste or pick photos", accept_file="multiple", key="sent")
    if sample is not None:
        conversation.add(Turn(f"{sample.name}.jpg", sample.photo))
    if sent is None:
        return
    for number, file in enumerate(sent.files):
        conversation.add(Turn(file.name, file.getvalue(), said=sent.text if number == 0 else ""))
    if sent.text and not sent.files:
        conversation.add(Turn("", None, said=sent.text, answer=Refused(messages.WEB_ONLY_PHOTOS)))


@st.dialog("Take a photo")
def _take_photo(conversation: Conversation) -> None:
    if (shot := st.camera_input("The camera's picture", label_visibility="collapsed")) is not None:
        conversation.add(Turn("camera.jpg", shot.getvalue()))
        st.rerun()


def _draw(turn: Turn, settings: BotSettings) -> None:
    turn.screen(settings.max_image_bytes)
    with st.chat_message("user"):
        if turn.said:
            st.text(turn.said)
        picture = st.empty()
        _show_picture(picture, turn)
    with st.chat_message("assistant"):
        if turn.answer is None:
            with st.spinner("Looking at the photo …", show_time=True):
                turn.ask(settings)
            # The photo's description by now is its caption.
            _show_picture(picture, turn)
        _show_answer(turn, settings)


def _show_picture(place: "st.delta_generator.DeltaGenerator", turn: Turn) -> None:
    if turn.picture is not None:
        if isinstance(turn.answer, Captioned):
            described = messages.sentence(turn.answer.text)
        else:
            described = f"{turn.name}, not described yet"
        place.image(turn.picture, width=turn.width, alt=described)
    elif turn.name:
        # As text: a name is somebody else's, and Markdown in it could fetch an image from anywhere.
        place.text(f"📎 {turn.name}")


def _show_answer(turn: Turn, settings: BotSettings) -> None:
    match turn.answer:
        case Captioned(text):
            components.caption(messages.sentence(text), turn.seconds, key=turn.id)
        case Refused(sentence):
            st.warning(sentence)
        case Unanswered(sentence):
            monitor(settings).look()
            st.error(sentence)
            st.button("Try again", icon=":material/refresh:", key=f"again-{turn.id}", on_click=turn.ask_again)
