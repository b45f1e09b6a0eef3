"""Command lines: how every command of the project reads words, explains itself and ends."""
