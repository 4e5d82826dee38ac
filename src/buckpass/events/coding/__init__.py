"""What the store supports: rungs of responses, their agreement with coding by hand, profiles, guards."""
