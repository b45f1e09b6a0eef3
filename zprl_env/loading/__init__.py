"""Loading a policy: by object, path, shipped name or Hugging Face repository."""
