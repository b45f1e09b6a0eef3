"""Whoever types another project's flag, or mistypes one, is told this project's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
import tyro

from policies.commands.checking import check_words
from policies.commands.synonyms import EXPLAINED, SYNONYMS
from policies.errors import ZprlError
from zprl_env.calibrate.__main__ import Calibration
from zprl_env.evaluate import Evaluation
from zprl_env.experts.record import Recording
from zprl_env.training.config import Config


def refusal(settings, *words: str) -> str:
    with pytest.raises(ZprlError) as error_info:
        check_words(words, settings, "zprl it")
    return str(error_info.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--lr 3e-4", "--learning-rate 3e-4"),
        ("--learning_rte 3e-4", "--learning-rate 3e-4"),
        ("--timesteps 1e5", "--total-env-steps 1e5"),
        ("--total_timesteps=1e5", "--total-env-steps 1e5"),
        ("--n_envs 4", "--num-envs 4"),
        ("--env-id Lift", "--env Lift"),
        ("--task Lift", "--env Lift"),
        ("--eval-freq 5000", "--eval-every 5000"),
        ("--net-arch 64 64", "--hidden 64"),
        ("--discount 0.99", "--gamma 0.99"),
        ("--learning-starts 100", "--warmup-decisions 100"),
        ("--gradient-steps 4", "--updates-per-decision 4"),
        ("--conf-file my.yml", "--hyperparams my.yml"),
        ("--track", "--wandb"),
        ("--resume runs/a", "--resume-from runs/a"),
        ("--output-dir x", "--out x"),
        ("--ENV Lift", "--env Lift"),
        ("-env Lift", "--env Lift"),
        ("\u2014env Lift", "--env Lift"),
        ("\u2013-env Lift", "--env Lift"),
        ("--total 100", "--total-env-steps 100"),
        ("--capture-video", "--video"),
        ("--scael 1", "--scale 1"),
    ],
)
def test_training_names_its_own_flag(typed, meant):
    said = refusal(Config, *typed.split())
    assert said.startswith(f"zprl it has no {typed.split()[0].partition('=')[0]}; did you mean ")
    assert f"did you mean {meant}?" in said
    assert said.endswith("All of them: zprl it --help")


@pytest.mark.parametrize(
    ("settings", "typed", "meant"),
    [
        (Evaluation, "--n-episodes 3", "--episodes 3"),
        (Evaluation, "--n_eval_episodes 3", "--episodes 3"),
        (Evaluation, "--checkpoint x", "--policy x"),
        (Evaluation, "--trained-agent x", "--run x"),
        (Calibration, "--lambda 2", "--scales 2"),
        (Calibration, "--noise-scale 0", "--noise 0"),
        (Recording, "--num-workers 2", "--workers 2"),
        (Recording, "--force", "--overwrite"),
        (Recording, "-f x", "--out x"),
    ],
)
def test_other_commands_name_theirs(settings, typed, meant):
    assert f"did you mean {meant}?" in refusal(settings, *typed.split())


@pytest.mark.parametrize("flag", ["--device", "--gpu", "--cuda", "--verbose", "--n-trials"])
def test_what_nothing_stands_for_is_explained(flag):
    said = refusal(Config, flag, "0")
    assert said == f"zprl it has no {flag}: {EXPLAINED[flag[2:]]}."


def test_a_flag_that_resembles_nothing_is_refused_without_a_guess():
    assert refusal(Config, "--zzyzx", "1") == "zprl it has no --zzyzx. All of them: zprl it --help"


def test_every_synonym_is_for_a_flag_that_some_command_has():
    sources = "".join(
        path.read_text(encoding="utf-8")
        for room in ("policies", "real", "zprl_env")
        for path in (Path(__file__).parents[3] / room).rglob("*.py")
    )
    for name in {ours for others in SYNONYMS.values() for ours in others}:
        field = name.removeprefix("no-").replace("-", "_")
        assert f"    {field}: " in sources, name
    assert len(SYNONYMS) > 200


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--preset papr", "unknown --preset 'papr'; did you mean 'paper'? Known: 'default', 'pa"),
        ("--backend SBX", "unknown --backend 'SBX'; did you mean 'sbx'? Known: 'torch', 'sbx'"),
        ("--backend=jax", "unknown --backend 'jax'; Known: 'torch', 'sbx'"),
        ("--keep bst", "unknown --keep 'bst'; did you mean 'best'? Known: 'best', 'last'"),
        ("env=Lift", "options of zprl it begin with two hyphens. Got: 'env=Lift'. Try --env Lift."),
        ("Lift", "zprl it takes options alone, such as --env. Got: 'Lift'. Try zprl it --help."),
    ],
)
def test_words_that_cannot_be_are_answered_with_those_that_can(words, said):
    assert refusal(Config, *words.split()).startswith(said)


@pytest.mark.parametrize(
    "words",
    [
        "--env Lift --algo sac --hidden 64 64 --no-video --log-std-min -5 --env_kwargs a=1 b=-2",
        "--target-entropy -3.5 --gamma=0.9 --preset paper",
        "--lr 3 --help",
    ],
)
def test_nothing_else_is_refused(words):
    check_words(words.split(), Config, "zprl it")


@dataclass
class Push:
    folder: Annotated[str, tyro.conf.Positional]
    private: bool = False


@dataclass
class Show:
    kind: Literal["a", "b"] = "a"


def test_subcommands_are_suggested_and_their_flags_are_their_own():
    both = Annotated[Push, tyro.conf.subcommand("push")] | Show
    said = "zprl it must be followed by push or show. Got: 'psh'; did you mean 'push'?"
    assert refusal(both, "psh").startswith(said)
    assert "Got: nothing" in refusal(both)
    assert "has no --kind" in refusal(both, "push", "x", "--kind", "a")
    check_words(["push", "x", "--private"], both, "zprl it")
    check_words(["push", "--", "--x"], both, "zprl it")
