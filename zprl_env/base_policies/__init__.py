"""Base policies: record demonstrations, train on them by imitation, measure, find."""
