"""Pictures that chats see and photo collections lack: screens, plots and papers, rendered with their captions.

Each follows from a seed, and its captions from how it was made. Needs Chromium; the fonts of the machine change what
comes out.
"""
