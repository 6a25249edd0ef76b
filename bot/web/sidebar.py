"""The sidebar: which captioner this is, and whether it is warm."""

import streamlit as st

from bot import messages
from bot.settings import BotSettings
from bot.web.health import monitor

GLANCE = 2.0  # seconds between two looks at what is known
WARM_FOR = 20.0  # seconds for which a warm endpoint is taken for warm
LONG = 3.0  # seconds after which an answer is late


@st.fragment(run_every=GLANCE)
def show_captioner(settings: BotSettings) -> None:
    """Draw the endpoint's state, and ask for it in the background."""
    watch = monitor(settings)
    seen = watch.last
    watch.look(older_than=WARM_FOR if seen and seen.state and seen.state.ready else 0)
    if seen is None:
        st.info("Waking the captioner …", icon="spinner")
    elif watch.waiting > LONG:
        st.info("The captioner takes long to answer …", icon="spinner")
    elif seen.state is None:
        st.error(messages.web_unreachable(settings.inference_address), icon=":material/cloud_off:")
    elif not seen.state.ready:
        st.info("The captioner is loading its model …", icon="spinner")
    else:
        st.success("Warm: the next photo is captioned at once.", icon=":material/bolt:")
    state = seen.state if seen else None
    rows = {"Model": state.model if state else "–", "Engine": state.engine if state else "–"}
    for name, value in {**rows, "Endpoint": settings.inference_address}.items():
        with st.container(gap=None):
            st.caption(name)
            st.text(value)
