"""`captionbot export`: a Hugging Face checkpoint becomes a model folder."""
