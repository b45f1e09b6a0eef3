"""A robot over HTTP: SERL's interface, server side and connection."""
