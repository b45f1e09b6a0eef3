"""Critics on executed actions: on base action plus residual, and on decoded chunks."""
