"""Benchmarks: every figure this project states, as a command with its raw data in ``results/``.

``python -m benchmarks`` lists them. Each takes ``--help``; most have the subcommands ``run``, which
measures and keeps raw data as JSON, and ``summary``, which makes the table beside it of that alone.
"""
