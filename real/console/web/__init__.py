"""The console in a process of its own: the page, its requests, and what it knows of a session."""
