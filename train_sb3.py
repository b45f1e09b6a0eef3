"""Finetune a frozen policy with unmodified Stable-Baselines3.

python train_sb3.py --env Lift --algo sac

plays the base policy, trains an agent that steers it, plays both on the same held-out seeds, and
leaves a table, a learning curve, a film, the agent and the raw results in runs/<env>/<algo>/<date>.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path

from zprl_env.cli import run, settings
from zprl_env.training.config import Config, check_policy, parse, save_config
from zprl_env.training.settings.compatibility import check_installed
from zprl_env.training.watch.tracking import check_tracker


def finetune(config: Config) -> Path:
    """Evaluate the base policy, finetune, evaluate again, and write everything down.

    Args:
        config: What to do.

    Returns:
        The run's folder.
    """
    check_installed(config.backend)
    check_tracker(config.wandb)
    # Here and not above, so that --help and a mistyped flag answer at once.
    import torch
    from rich.console import Console
    from stable_baselines3.common.callbacks import CallbackList
    from stable_baselines3.common.logger import configure

    from zprl_env import files
    from zprl_env.base_policies.find import base_policy
    from zprl_env.evaluation import TEST_SEED, VALIDATION_SEED, EvaluationResult, play
    from zprl_env.loading.resolve import resolve_policy
    from zprl_env.training.agents import weights
    from zprl_env.training.agents.model import as_agent, make_model
    from zprl_env.training.comparison import Comparison
    from zprl_env.training.environment import make_training_envs
    from zprl_env.training.learning import learn, rescued
    from zprl_env.training.run import checkpoint
    from zprl_env.training.run.history import HISTORY_FILE, History
    from zprl_env.training.run.interruption import Interruption
    from zprl_env.training.watch import callbacks, report
    from zprl_env.training.watch.telemetry import SteeringTelemetry
    from zprl_env.training.watch.tracking import tracked
    from zprl_env.vectorised.resumable import Place

    console = Console(soft_wrap=True)
    torch.set_num_threads(config.threads)
    recipe, resumed = config.recipe, config.resume_from
    env_kwargs, recorded = settings(config.env_kwargs), {}
    begun = checkpoint.find_checkpoint(resumed, console.print) if resumed else None
    history = begun.history if begun else History()
    policy = resolve_policy(
        config.policy or base_policy(config.env, make=config.make_policy, say=console.print)
    )
    if resumed:
        check_policy(resumed, policy)
    with ExitStack() as stack:
        comparison = Comparison(config.env, policy, config.steer, recipe, env_kwargs)
        stack.enter_context(closing(comparison))
        # Not before everything fits: a run that never started leaves no folder.
        folder = resumed or files.create_folder(config.out, config.env, config.algo)
        files.make_writable(folder)
        if config.record:
            from real.recording import EpisodeRecorder

            facts = {"policy_sha256": getattr(policy, "weights_hash", None), "run": str(folder)}
            recorded = {"recorder": EpisodeRecorder(config.record, provenance=facts)}
        envs = make_training_envs(
            config.env,
            policy,
            config.steer,
            recipe,
            num_envs=config.num_envs,
            overlap=config.overlap,
            seed=config.seed,
            env_kwargs=env_kwargs | recorded,
        )
        model = make_model(
            config.algo,
            recipe,
            envs,
            n_action_steps=comparison.env.env.n_action_steps,
            seed=config.seed,
            backend=config.backend,
        )
        if begun:
            checkpoint.load_checkpoint(begun, folder, model, envs)
        stack.enter_context(tracked(config, folder))
        model.set_logger(configure(str(folder / "tensorboard"), ["tensorboard"]))
        stack.callback(model.logger.close)
        save_config(folder, config, policy)

        test_seeds = range(TEST_SEED, TEST_SEED + config.eval_episodes)
        validation_seeds = range(VALIDATION_SEED, VALIDATION_SEED + config.validation_episodes)
        comparison.play_bases(test_seeds)
        report.print_table(comparison.results, console=console)
        console.print(f"Steering at: {config.steer}. {comparison.env.steering}.")
        if not history.evaluations:
            base = play("base policy, validation", comparison.env, None, validation_seeds)
            history.evaluations.append((0, base))

        progress = callbacks.ProgressCallback(history, config.total_env_steps)

        def note(env_steps: int, result: EvaluationResult) -> None:
            progress.bar.write(f"{env_steps:>9,} env steps: {result} (validation)")
            if history.best == env_steps:
                weights.save_weights(folder, model, weights.BEST)
            files.write_json(folder / HISTORY_FILE, history.to_dict())

        def save(place: Place) -> None:
            checkpoint.save_checkpoint(folder, model, history, place)

        with (
            closing(progress.bar),
            rescued(folder, lambda: save(envs.place.left()), progress.bar.write),
            Interruption(progress.bar.write) as interruption,
        ):
            watching = [
                progress,
                callbacks.EvaluationCallback(
                    history, comparison.env, validation_seeds, config.eval_every, note
                ),
                callbacks.CheckpointCallback(
                    history,
                    config.checkpoint_every,
                    lambda: save(envs.place),
                    interruption,
                    progress.bar.write,
                ),
                SteeringTelemetry(env_steps=history.env_steps),
            ]
            learn(
                model,
                recipe.warmup_decisions,
                config.total_env_steps,
                history,
                CallbackList(watching),
                begun and begun.generators,
            )
            save(envs.place.left())
        envs.close()

        taken = history.env_steps
        if config.keep == "best" and history.best:
            weights.load_weights(folder / weights.weights_file(model, weights.BEST), model)
            taken = history.best
        weights.save_weights(folder, model)
        agent = as_agent(model)
        comparison.play_steered(f"steered ({config.steer}, {config.algo})", agent, test_seeds)
        report.print_table(comparison.results, comparison.difference, console)
        console.print(f"The agent is that of {taken:,} env steps ({config.keep}).")
        report.draw_curve(folder / "curve.png", history, comparison.results)
        files.write_json(folder / HISTORY_FILE, history.to_dict())
        files.write_json(
            folder / "results.json",
            comparison.to_dict()
            | {
                "env_steps": history.env_steps,
                "agent_env_steps": taken,
                "decisions": history.decisions,
                "episodes": len(history.episode_ends),
                "seconds": history.seconds,
                "policy_sha256": getattr(policy, "weights_hash", None),
            },
        )
    if config.video:
        try:
            pictures = report.film(
                config.env, policy, config.steer, recipe, agent, TEST_SEED, env_kwargs
            )
            report.write_video(folder / "video.mp4", pictures)
        except Exception as error:  # a run of hours does not fail for want of a renderer
            console.print(f"No film: {' '.join(str(error).split())}")
    minutes = history.seconds / 60
    console.print(f"{history.env_steps:,} env steps in {minutes:.1f} min. Results: {folder}")
    return folder


if __name__ == "__main__":
    run(lambda: finetune(parse(sys.argv[1:], __doc__)))
