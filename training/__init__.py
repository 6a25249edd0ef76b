"""How a small model that captions photos is made from photos and captions.

`python -m training train PHOTOS CAPTIONS FOLDER` goes from a folder of photos and a file of captions, and from pictures
that it renders itself, to an exported model folder; `python -m training pictures FOLDER` renders these alone, and
`python -m training score FOLDER PHOTOS CAPTIONS` measures a model folder. Needs the extra `training`;
nothing that serves imports this package.
"""
