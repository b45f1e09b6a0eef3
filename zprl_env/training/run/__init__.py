"""What a run keeps on disk to be resumed: checkpoints, replay, generators, history."""
