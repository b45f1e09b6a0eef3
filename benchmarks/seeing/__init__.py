"""Training from pixels: what its time goes to, and what a transition costs in memory."""
