"""How a small model that captions photos is made from photos and captions.

`python -m training train PHOTOS CAPTIONS FOLDER` goes from a folder of photos and a file of captions to an
exported model folder; `python -m training score FOLDER PHOTOS CAPTIONS` measures one. Needs the extra `training`;
nothing that serves imports this package.
"""
