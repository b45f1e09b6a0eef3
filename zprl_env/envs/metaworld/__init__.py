"""Meta-World's tasks as Gymnasium environments, with a faster control loop."""
