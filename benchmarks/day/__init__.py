"""A day with one robot behind its HTTP server, and all that its driver was told."""
