"""Steering from pixels: batches of observations with pictures, what fits, crops, environments."""
