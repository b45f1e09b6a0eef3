"""Parts that benchmarks share: command line, results folder, training runs, timing, machine."""
