"""Load a policy: object, path, shipped name, Hugging Face repository or module:callable."""
