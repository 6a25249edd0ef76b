"""How a small model that captions photos is made from photos and captions.

`python -m inference.recipe train PHOTOS CAPTIONS FOLDER` goes from a folder of photos and a file of captions to an
exported model folder; `python -m inference.recipe score FOLDER PHOTOS CAPTIONS` measures one. Needs the extra `recipe`;
nothing that serves imports this package.
"""
