"""Telegram: what arrives, files, answers. Imports nothing, since the front door's cold start counts."""
