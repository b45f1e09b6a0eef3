"""LeRobotDataset, v3 and v2.1: read and written without LeRobot."""
