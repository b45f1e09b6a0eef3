"""Deployment: a trained run as one object without Stable-Baselines3, as ONNX, on the hub."""
