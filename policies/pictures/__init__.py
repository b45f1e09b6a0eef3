"""Pictures of cameras: how they were made, how a policy takes them, and what is wrong with them."""
