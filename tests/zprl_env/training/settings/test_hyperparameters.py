"""RL Zoo's files are read to the letter, and what cannot be done as RL Zoo would is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.helpers.warm import run_warm
from zprl_env.errors import UnknownNameError, ZprlError
from zprl_env.hyperparams import FOLDER, hyperparameter_file
from zprl_env.loading.pretrained import shipped_policies
from zprl_env.loading.resolve import resolve_policy
from zprl_env.tasks import TASKS
from zprl_env.training.command_line import parse
from zprl_env.training.config import load_config, save_config
from zprl_env.training.settings.algorithms import ALGORITHMS
from zprl_env.training.settings.hyperparameters import read_hyperparameters
from zprl_env.training.settings.recipe import recipe_for

FILES = sorted(FOLDER.glob("*.yml"))
RIVALS = {"sac-dsrl", "sac-dsrl-na", "sac-decorator"}
"""Files of rivals' settings, which have their own discounts and are for simulation."""
OURS = [file for file in FILES if file.stem not in RIVALS]
IDS = {task.id: name for name, task in TASKS.items()}


def sections(file: Path) -> dict:
    return yaml.safe_load(file.read_text())


def steering(section: dict) -> dict:
    """Options of the wrapper, which may be named without any."""
    (wrapper,) = section["env_wrapper"]
    if isinstance(wrapper, str):
        wrapper = section["env_wrapper"][0] = {wrapper: {}}
    ((_, options),) = wrapper.items()
    return options


def test_there_is_a_file_for_every_algorithm_under_its_name_in_rl_zoo():
    names = {file.stem for file in FILES}
    assert names == {*ALGORITHMS, "sac-paper", *RIVALS}
    assert (FOLDER.parents[1] / "hyperparams").resolve() == FOLDER


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_discounts_by_what_each_shipped_policy_executes(file):
    said = sections(file)
    for name, task in TASKS.items():
        if task.slug in shipped_policies():
            section = said.get(task.id, said["default"])
            gamma = steering(section).get("gamma", task.read_facts().gamma)
            executed = steering(section).get("n_action_steps", resolve_policy(name).n_action_steps)
            expected = gamma**executed
            assert section["gamma"] == pytest.approx(expected, abs=1e-6)
            assert section.get("replay_buffer_kwargs", {"gamma": gamma})["gamma"] == gamma


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.stem)
def test_a_robot_s_section_discounts_as_its_preset_says(file):
    said = sections(file)
    for task in TASKS.values():
        if task.suite == "real":
            facts = task.read_facts()
            assert facts.n_action_steps is not None
            expected = facts.gamma**facts.n_action_steps
            assert said[task.id]["gamma"] == pytest.approx(expected, abs=1e-6)


def test_a_task_s_facts_stand_in_no_file_of_an_algorithm():
    for file in OURS:
        if file.stem != "sac-paper":
            assert not any(steering(section) for section in sections(file).values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_s_sections_are_tasks(file):
    assert sections(file).keys() - {"default"} <= IDS.keys()


@pytest.fixture
def changed(tmp_path):
    """Write ``sac.yml`` with something changed, or removed where that is None."""

    def write(change: dict, algo: str = "sac") -> Path:
        section = sections(FOLDER / f"{algo}.yml")["default"]
        for key, value in change.items():
            outer, _, inner = key.partition(".")
            place = steering(section) if outer == "env_wrapper" else section
            if inner and outer != "env_wrapper":
                place = section[outer]
            place[inner or outer] = value
            if value is None:
                del place[inner or outer]
        file = tmp_path / "mine.yml"
        file.write_text(yaml.safe_dump({"default": section}))
        return file

    return write


def test_a_file_of_one_s_own_is_read(changed):
    file = changed({"policy_kwargs.net_arch": [8], "env_wrapper.scale": 0.7, "use_sde": True})
    recipe = recipe_for("sac", "default", "latent", "Lift", file)
    assert (recipe.hidden, recipe.scale, recipe.use_sde) == ((8,), 0.7, True)


@pytest.mark.parametrize(
    ("said", "noise"),
    [
        ({"noise_scale": 0.0}, "zero"),
        ({"noise_scale": 0.5}, "fresh:0.5"),
        ({"noise": "fixed:3"}, "fixed:3"),
        ({"noise": "best:8"}, "best:8"),
    ],
)
def test_the_flow_s_noise_stands_in_it_by_its_present_or_its_former_name(said, noise, changed):
    file = changed({f"env_wrapper.{name}": value for name, value in said.items()})
    assert read_hyperparameters(file, "sac", "ZPRL-Lift-v0")["noise"] == noise
    config = parse(["--hyperparams", str(file)])
    assert config.recipe.noise == noise


def test_its_settings_are_a_run_s_defaults_and_stay_with_it(changed, tmp_path):
    file = changed({"batch_size": 32, "learning_starts": 7})
    config = parse(["--hyperparams", str(file), "--tau", "0.5"])
    assert (config.recipe.batch_size, config.recipe.warmup_decisions) == (32, 7)
    assert config.recipe.tau == 0.5
    save_config(tmp_path, config, resolve_policy("Lift"))
    file.unlink()
    assert load_config(tmp_path).recipe == config.recipe


def test_rollouts_are_counted_over_all_environments(changed):
    file = changed({"n_envs": 8, "n_steps": 64}, "ppo")
    assert recipe_for("ppo", "default", "latent", "Lift", file).rollout_decisions == 512


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": None}, r"tau must be in .*mine\.yml: without it, RL Zoo takes a library's own"),
        ({"learning_rate": "lin_0.1"}, r"learning_rate must be a plain number .* Got: 'lin_0\.1'"),
        ({"learning_rate": "3e-4"}, r"YAML takes 3e-4 for a word\. Got: '3e-4'\. Try 0\.0003"),
        ({"policy": "MlpPolicy"}, r"policy must be zprl_env\.training\.actors\.SACPolicy"),
        ({"policy_kwargs": "dict(a=1)"}, r"settings are plain YAML\. Got: .*mine\.yml"),
        ({"callback": None}, r"callback must be zprl_env\.training\.warmup\.WarmUp"),
        ({"train_freq": 0}, r"train_freq must be a number of decisions or \[1, episode\]"),
        ({"train_freq": [2, "episode"]}, r"Got: \[2, 'episode'\]\. Try 1\."),
        ({"callback": {"my.Callback": {"noise": 1.0}}}, "callback must be zprl_env"),
        ({"replay_buffer_class": "HerReplayBuffer"}, "replay_buffer_class must be get_class_by"),
        ({"frame_stack": 4, "normalize": True}, r"Got: frame_stack, normalize\. Leave that out"),
        ({"gamma": 0.99, "env_wrapper.gamma": 0.98}, "gamma must be env_wrapper's gamma to the"),
        ({"gamma": 0.95}, r"Got: 0\.95, 0\.99 and 0\.99\."),
        ({"replay_buffer_kwargs.gamma": 0.9}, r"Got: 0\.922745, 0\.99 and 0\.9\."),
        ({"env_wrapper": "zprl_env.LatentSteeringWrapper"}, "must be a file of RL Zoo's"),
    ],
)
def test_what_only_rl_zoo_would_do_is_refused(change, message, changed):
    if change.get("env_wrapper") or isinstance(change.get("policy_kwargs"), str):
        file = changed({})
        content = sections(file)
        content["default"] |= change
        file.write_text(yaml.safe_dump(content))
    else:
        file = changed(change)
    with pytest.raises(ZprlError, match=message):
        read_hyperparameters(file, "sac", "ZPRL-Lift-v0")


@pytest.mark.parametrize("content", ["", "- 1", "{", "other: {}", "default: 3"])
def test_a_file_that_is_none_is_refused_in_one_line(content, tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text(content)
    with pytest.raises(ZprlError, match=r"hyperparams must be a file of RL Zoo's") as info:
        recipe_for("sac", "default", "latent", "Lift", file)
    assert "\n" not in str(info.value)
    with pytest.raises(ZprlError, match="No such file"):
        recipe_for("sac", "default", "latent", "Lift", tmp_path / "nowhere.yml")


def test_the_command_says_where_a_file_is():
    done = run_warm("-m", "zprl_env.hyperparams", "ppo_lstm")
    assert Path(done.stdout.strip()) == hyperparameter_file("ppo_lstm")
    with pytest.raises(UnknownNameError, match="'recurrentppo'; did you mean"):
        hyperparameter_file("recurrentppo")
