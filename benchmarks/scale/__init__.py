"""Rules for lambda that need no measurement, beside the values that were found."""
