"""Policies in another interpreter: a server that needs little, and the policy on this side."""
