"""Base policies from fresh noise, from zero and from the best of some fixed draws."""
