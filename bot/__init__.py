"""A photo's journey from a chat to its caption, and every sentence said on the way."""
