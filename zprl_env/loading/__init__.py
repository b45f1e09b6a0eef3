"""Load a policy: by object, path, shipped name, Hugging Face repository or module:callable."""
