"""People who move the arms: devices, their hygiene, and how the arms change hands."""
