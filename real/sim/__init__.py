"""The simulated robot in MuJoCo: arms, scenes, sensors, cameras, latency and faults."""
