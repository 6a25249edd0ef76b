"""What Streamlit runs for the demo: the chat page, and a look at Slack and at Telegram."""

import streamlit as st

from bot.web.chat import show
from tests.sandbox.web import REFRESH, Sandbox


def slack() -> None:
    sandbox = Sandbox("SANDBOX_SLACK")
    st.title("A Slack channel")
    st.caption("The bot answers photos in a thread. Be Alice: send #general a photo.")
    _live(sandbox)
    sent = st.chat_input("Message #general", accept_file="multiple")
    if sent and sent.files:
        sandbox.send("upload", [(file.name, file.getvalue()) for file in sent.files], text=sent.text)
    elif sent and sent.text:
        sandbox.say({"channel": "C0GENERAL", "text": sent.text}, as_json=True)


def telegram() -> None:
    sandbox = Sandbox("SANDBOX_TELEGRAM")
    st.title("A Telegram chat")
    st.caption("An album gets one numbered answer. Be Ada: send the bot a photo, or several at once.")
    _live(sandbox)
    sent = st.chat_input("Message the bot", accept_file="multiple")
    if sent and sent.files:
        sandbox.send("photo", [(file.name, file.getvalue()) for file in sent.files], chat="Ada", caption=sent.text)
    elif sent and sent.text:
        sandbox.say({"chat": "Ada", "text": sent.text}, as_json=False)


@st.fragment(run_every=REFRESH)
def _live(sandbox: Sandbox) -> None:
    st.html(sandbox.look())


st.set_page_config(page_title="captionbot", page_icon="📷")
st.navigation(
    [
        st.Page(show, title="Chat", icon=":material/chat:", url_path="chat", default=True),
        st.Page(slack, title="Slack", icon=":material/tag:", url_path="slack"),
        st.Page(telegram, title="Telegram", icon=":material/send:", url_path="telegram"),
    ]
).run()
