"""Formats of demonstrations: one file each, and the table by which a path finds its own."""

from __future__ import annotations

from policies.demonstrations.formats.source import Entry, KeyChoice, Source, StoredEpisode
from policies.demonstrations.formats.table import FORMATS, open_source

__all__ = ["FORMATS", "Entry", "KeyChoice", "Source", "StoredEpisode", "open_source"]
