"""Environments on Ray: actors on this machine or on many, one learner, and what a death costs."""
