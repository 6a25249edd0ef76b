"""What Streamlit runs for `captionbot web`: once for each visit, click and photo."""

import streamlit as st

from bot.web.chat import show

st.set_page_config(page_title="captionbot", page_icon="📷")
show()
