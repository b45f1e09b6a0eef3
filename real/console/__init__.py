"""Console: a page beside the arm, in a process of its own, that shows and says things."""
