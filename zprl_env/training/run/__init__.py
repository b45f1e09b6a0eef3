"""Files of a run from which it can be resumed: checkpoints, replay, random generators, history."""
