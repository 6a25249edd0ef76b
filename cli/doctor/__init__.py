"""`captionbot doctor`: what is well, what is wrong, and what to do about it. One module for each area it looks at."""
