"""Whether a recording is the one that was registered, told from the sound itself, mark or no mark.

A fingerprint is the list of a recording's landmarks: its local maxima over time and pitch. It is
kept beside the register when a marked copy leaves the house and never leaves this process: no
answer of the service contains landmarks.
"""
