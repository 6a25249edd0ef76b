"""The web chat: a Streamlit page that captions photos in the browser."""
