"""Finetune a frozen policy with unmodified Stable-Baselines3.

python train_sb3.py --env Lift --algo sac

plays the base policy, trains an agent that steers it, plays both on the same held-out seeds, and
leaves a table, a learning curve, a film, the agent and the raw results in runs/<env>/<algo>/<date>.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from zprl_env.cli import run
from zprl_env.training.config import Config, parse


def finetune(config: Config) -> Path:
    """Evaluate the base policy, finetune, evaluate again, and write everything down.

    Args:
        config: What to do.

    Returns:
        The run's folder.
    """
    # Here and not above, so that --help and a mistyped flag answer at once.
    import gymnasium as gym
    import torch
    from rich.console import Console
    from stable_baselines3.common.callbacks import CallbackList
    from stable_baselines3.common.logger import configure
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

    from zprl_env.envs import make_env
    from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, evaluate
    from zprl_env.policy_loading import resolve_policy
    from zprl_env.statistics import paired_difference
    from zprl_env.training import checkpoint, files, report
    from zprl_env.training.agent import as_agent, make_model
    from zprl_env.training.callbacks import EvaluationCallback, History, ProgressCallback
    from zprl_env.training.environment import make_training_envs, steer
    from zprl_env.training.warmup import warm_up

    console = Console()
    torch.set_num_threads(config.threads)
    recipe, policy_name = config.recipe, config.policy or config.env
    folder = config.resume_from or files.create_folder(config.out, config.env, config.algo)
    policy = resolve_policy(policy_name)
    test_env = steer(make_env(config.env), policy, config.steer, recipe, evaluation=True)
    imitation = dataclasses.replace(recipe, noise_scale=1.0)
    base_env = steer(make_env(config.env), policy, config.steer, imitation, evaluation=True)
    envs = make_training_envs(
        config.env,
        policy_name if config.num_envs > 1 else policy,
        config.steer,
        recipe,
        num_envs=config.num_envs,
        seed=config.seed,
    )
    n_action_steps = test_env.env.n_action_steps
    model = make_model(config.algo, recipe, envs, n_action_steps=n_action_steps, seed=config.seed)
    model.set_logger(configure(str(folder / "tensorboard"), ["tensorboard"]))
    history = History()
    if config.resume_from is not None:
        history = checkpoint.load_checkpoint(folder, model)
    files.write_json(folder / "config.json", dataclasses.asdict(config))

    test_seeds = range(TEST_SEED, TEST_SEED + config.eval_episodes)
    validation_seeds = range(VALIDATION_SEED, VALIDATION_SEED + config.validation_episodes)
    results: dict[str, EvaluationResult] = {}
    with console.status("playing the base policy"):
        results["base policy"] = evaluate(base_env, None, test_seeds)
        if recipe.noise_scale != 1.0:
            name = f"base policy, noise {recipe.noise_scale:g}"
            results[name] = evaluate(test_env, None, test_seeds)
        if not history.evaluations:
            history.evaluations.append((0, evaluate(test_env, None, validation_seeds)))
    report.print_table(results, console=console)
    console.print(f"Steering at: {config.steer}. {test_env.steering}.")

    def note(env_steps: int, result: EvaluationResult) -> None:
        progress.bar.write(f"{env_steps:>9,} env steps: {result} (validation)")
        checkpoint.save_checkpoint(folder, model, history)

    progress = ProgressCallback(history, config.total_env_steps)
    validation = EvaluationCallback(history, test_env, validation_seeds, config.eval_every, note)
    callback = CallbackList([progress, validation])
    try:
        if isinstance(model, OffPolicyAlgorithm) and config.resume_from is None:
            warm_up(model, recipe.warmup_decisions, callback)
        model.learn(
            config.total_env_steps,
            callback=callback,
            log_interval=None,  # the callback logs, on an axis of environment steps
            reset_num_timesteps=False,
        )
    except KeyboardInterrupt:
        checkpoint.save_checkpoint(folder, model, history)
        progress.bar.close()
        console.print(f"Saved. Go on with: python train_sb3.py --resume-from {folder}")
        raise
    progress.bar.close()
    checkpoint.save_checkpoint(folder, model, history)

    agent = as_agent(model)
    with console.status("playing the steered policy"):
        results[f"steered ({config.steer}, {config.algo})"] = evaluate(test_env, agent, test_seeds)
    *bases, steered = results.values()
    best_base = max(bases, key=lambda result: result.success_rate)
    difference = paired_difference(best_base.successes, steered.successes)
    report.print_table(results, difference, console)
    report.draw_curve(folder / "curve.png", history, results)
    files.write_json(
        folder / "results.json",
        {
            "test": {name: result.to_dict() for name, result in results.items()},
            "paired_difference": difference._asdict(),
            "env_steps": history.env_steps,
            "decisions": model.num_timesteps,
            "episodes": len(history.episode_ends),
            "seconds": history.seconds,
            "policy_sha256": getattr(policy, "weights_hash", None),
        },
    )
    if config.video:
        try:
            frames = gym.wrappers.RenderCollection(make_env(config.env, render_mode="rgb_array"))
            filmed = steer(frames, policy, config.steer, recipe, evaluation=True)
            report.film(folder / "video.mp4", frames, filmed, agent, TEST_SEED)
            filmed.close()
        except Exception as error:
            console.print(f"No film: no renderer works here ({error}).")
    for env in (envs, test_env, base_env):
        env.close()
    minutes = history.seconds / 60
    console.print(f"{history.env_steps:,} env steps in {minutes:.1f} min. Results: {folder}")
    return folder


if __name__ == "__main__":
    run(lambda: finetune(parse(sys.argv[1:], __doc__)))
