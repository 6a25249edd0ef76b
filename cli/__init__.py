"""The commands of `captionbot`, one module each."""
