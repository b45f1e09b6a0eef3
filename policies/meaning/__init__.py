"""What the numbers that a policy is shown and gives mean: ranges in training, names, rates."""
