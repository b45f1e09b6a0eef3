"""The smallest training by imitation."""

from policies.imitation.config import PretrainConfig

TINY = PretrainConfig(
    horizon=4,
    n_action_steps=2,
    latent_dim=4,
    feature_dim=16,
    hidden_dim=16,
    n_blocks=1,
    encoder_hidden_dims=(16,),
    bottleneck_hidden_dims=(16,),
    batch_size=16,
    steps=40,
    log_every=10,
    eval_every=10,
)
