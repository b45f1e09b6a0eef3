"""Chunks decided ahead: the beat of the commands, and what is learned."""
