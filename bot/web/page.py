"""What Streamlit runs for `captionbot web`: once for each visit, click and photo."""

from bot.web.chat import show

show()
