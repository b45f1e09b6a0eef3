"""Moving a robot safely: control loop, safety filter, watchdog, emergency stop, pacing, homing."""
