"""Motion and learning of the simulated robot on the paper's four tasks."""
