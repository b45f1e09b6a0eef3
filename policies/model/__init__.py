"""The VIB flow policy as a torch model: encoder, bottleneck, flow head, sizes."""
