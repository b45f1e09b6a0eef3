"""Critics on executed actions (base action plus residual, decoded chunks), and their resets."""
