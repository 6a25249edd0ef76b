"""A photo's way from a chat to its caption, and every sentence said on the way."""
