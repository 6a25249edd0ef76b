"""The public front door: verify, put in the inbox, acknowledge."""
