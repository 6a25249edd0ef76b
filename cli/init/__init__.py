"""`captionbot init`: the questions that it asks, and the `.env` that it writes."""
