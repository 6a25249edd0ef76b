"""The captioner: engines and the HTTP endpoint. It knows nothing of chats."""
