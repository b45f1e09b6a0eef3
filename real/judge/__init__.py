"""The judge: a classifier of success that learns from recorded episodes, and judges new ones."""
