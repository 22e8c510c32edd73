"""The web door keeps no state but what its processes tell each other."""
