"""What this project claims about itself, as commands that anyone can run."""
