"""Chunks decided ahead: the next one is decided while what is left of the last one is executed."""
