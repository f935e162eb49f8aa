"""The ids: that they are all there, and how `gym.make` builds them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import RenderCollection

import a2r_gym
from a2r_gym import registration
from a2r_gym.errors import RenderModeError, UnknownNameError
from a2r_gym.registration import ENV_IDS, FAMILIES, Family, env_id, register_family, task_info
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import FrameCapture, VectorVideoTextReward, VideoTextReward
from tests.wrappers.conftest import ACTION

FAKE = "A2R-Fake-count-v1"


class FakeEnv(StepCounterEnv):
    """Stands in for a simulator: takes what the families' environments take."""

    def __init__(
        self,
        *,
        task: str,
        instruction: str | None = None,
        render_mode: str | None = "rgb_array",
        max_episode_steps: int | None = None,
        scene: str = "train",
    ) -> None:
        super().__init__(
            episode_length=max_episode_steps or 3,
            end="truncated",
            instruction=instruction or f"do {task}",
            render_mode=render_mode,
        )
        self.task, self.scene = task, scene


class FakeInfo:
    max_episode_steps = 3


def expert(task: str) -> Callable[[Any], Any]:
    """Give the fake family's scripted policy."""
    return lambda observation: (task, observation)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[FrameReadingModel]:
    """Register a family of one fake task as the real ones are; give the model that its id loads."""
    family = Family(name="Fake", env=f"{__name__}:FakeEnv", experts=__name__, tasks={"count": FakeInfo()})  # type: ignore[dict-item]
    monkeypatch.setitem(FAMILIES, "Fake", family)
    register_family(family)
    fake = FrameReadingModel()
    monkeypatch.setattr("a2r_gym.wrappers.episode_rewards._load_bundled", lambda name: fake)
    yield fake
    del gym.registry[FAKE]


def length(env: gym.Env[Any, Any]) -> int:
    """Count the steps to the end of an episode."""
    env.reset()
    for step in range(1, 100):
        _, _, terminated, truncated, _ = env.step(ACTION)
        if terminated or truncated:
            return step
    return 100


def test_all_ids_are_there_and_named_as_agreed() -> None:
    assert len(ENV_IDS) == len(set(ENV_IDS)) == 76
    assert sum(name.startswith("A2R-MetaWorld-") for name in ENV_IDS) == 50
    assert {"A2R-MetaWorld-drawer-close-v1", "A2R-Tabletop-drawer-close-v1", "A2R-C2R-lift-v1"} <= set(ENV_IDS)
    assert all(name.endswith("-v1") for name in ENV_IDS)


@pytest.mark.parametrize("name", ENV_IDS)
def test_every_id_is_registered_by_string_and_survives_json(name: str) -> None:
    spec = gym.spec(name)
    assert isinstance(spec.entry_point, str)
    assert EnvSpec.from_json(spec.to_json()) == spec
    assert spec.max_episode_steps == task_info(name).max_episode_steps
    assert spec.kwargs["task"] in name


def test_unknown_id_lists_the_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'A2R-MetaWorld-drawer-close-v1'"):
        task_info("A2R-MetaWorld-drawer-clos-v1")


def test_module_prefix_imports_and_makes_in_a_fresh_interpreter() -> None:
    code = f"import gymnasium; print(gymnasium.envs.registration._find_spec('a2r_gym:{ENV_IDS[0]}').id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ENV_IDS[0]


def test_make_puts_the_learned_reward_outermost_with_the_tasks_own_instruction(model: FrameReadingModel) -> None:
    env = gym.make(FAKE)
    assert isinstance(env, VideoTextReward)
    assert env.instruction == "do count"
    assert env.reward_model is model
    assert env.render_mode == "rgb_array"


def test_instruction_reaches_both_the_environment_and_the_reward(model: FrameReadingModel) -> None:
    env = gym.make(FAKE, instruction="count slowly")
    assert env.unwrapped.instruction == env.get_wrapper_attr("instruction") == "count slowly"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kwargs", "steps"), [({}, 3), ({"max_episode_steps": 2}, 2), ({"max_episode_steps": 50}, 50)])
def test_time_limit_is_the_tasks_unless_given_and_the_reward_sees_the_end(
    kwargs: dict[str, Any], steps: int, model: FrameReadingModel
) -> None:
    env = gym.make(FAKE, reward_every=7, **kwargs)
    assert length(env) == steps
    assert [code.step for _, _, code in model.streams[-1].log][-1] == steps
    assert env.spec is not None
    assert env.spec.max_episode_steps == steps


def test_time_limit_can_be_left_out(model: FrameReadingModel) -> None:
    assert length(gym.make(FAKE, max_episode_steps=-1)) == 100


def test_arguments_go_to_the_environment_or_the_reward(model: FrameReadingModel) -> None:
    env = gym.make(FAKE, scene="recolor", reward_mode="success", reward_every=2)
    assert env.unwrapped.scene == "recolor"  # type: ignore[attr-defined]
    env.reset()
    assert [env.step(ACTION)[1] for _ in range(2)] == pytest.approx([0.0, 0.4])


def test_no_learned_reward_on_request(model: FrameReadingModel) -> None:
    env = gym.make(FAKE, reward_model="none", render_mode=None)
    env.reset()
    _, reward, _, _, info = env.step(ACTION)
    assert reward == 1.0
    assert "a2r/similarity" not in info
    assert env.spec is not None
    assert env.spec.additional_wrappers == ()
    assert env.unwrapped.renders == 0  # type: ignore[attr-defined]


def test_learned_reward_without_pictures_is_refused(model: FrameReadingModel) -> None:
    with pytest.raises(RenderModeError, match="rgb_array"):
        gym.make(FAKE, render_mode=None)


@pytest.mark.parametrize("as_json", [False, True])
def test_spec_records_the_wrapper_and_rebuilds_the_environment(as_json: bool, model: FrameReadingModel) -> None:
    env = gym.make(FAKE, reward_mode="success", scene="recolor", max_episode_steps=2)
    spec = env.spec
    assert spec is not None
    assert [wrapper.name for wrapper in spec.additional_wrappers] == ["VideoTextReward"]
    assert spec.additional_wrappers[0].kwargs["reward_mode"] == "success"  # type: ignore[index]
    rebuilt = gym.make(EnvSpec.from_json(spec.to_json()) if as_json else spec)
    assert rebuilt.spec == spec
    assert length(rebuilt) == 2
    assert rebuilt.unwrapped.scene == "recolor"  # type: ignore[attr-defined]


def test_model_object_is_used_as_it_is_and_the_spec_holds_its_name(model: FrameReadingModel) -> None:
    class NotCopyable(FrameReadingModel):
        def __deepcopy__(self, memo: dict[int, Any]) -> NotCopyable:
            raise AssertionError("a model must not be copied")

    own = NotCopyable()
    env = gym.make(FAKE, reward_model=own)
    assert isinstance(env, VideoTextReward)
    assert env.reward_model is own
    assert env.spec is not None
    recorded = json.loads(env.spec.to_json())
    assert recorded["kwargs"]["reward_model"] == "frame-reading"
    assert recorded["additional_wrappers"][0]["kwargs"]["reward_model"] == "frame-reading"


def test_render_modes_that_gymnasium_adds_work(model: FrameReadingModel) -> None:
    env = gym.make(FAKE, render_mode="rgb_array_list")
    assert isinstance(env, RenderCollection)
    assert length(env) == 3
    assert len(env.render()) == 4  # type: ignore[arg-type]


def test_vector_of_ids_scores_each_alone_or_all_together(model: FrameReadingModel) -> None:
    alone = gym.make_vec(FAKE, num_envs=2)
    together = VectorVideoTextReward(gym.make_vec(FAKE, num_envs=2, reward_model="none"), reward_model=model)
    for envs in (alone, together):
        envs.reset(seed=0)
    actions = np.zeros((2, 2), dtype=np.float32)
    for _ in range(5):
        for left, right in zip(alone.step(actions)[:4], together.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(left, right)
    workers = gym.make_vec(FAKE, num_envs=2, reward_model="none", wrappers=[FrameCapture])
    assert isinstance(VectorVideoTextReward(workers, reward_model=model), VectorVideoTextReward)


def test_expert_comes_from_the_family(model: FrameReadingModel) -> None:
    assert a2r_gym.expert(FAKE)("seen") == ("count", "seen")
    assert registration.expert(f"a2r_gym:{FAKE}")("seen") == ("count", "seen")
    with pytest.raises(UnknownNameError):
        registration.expert("drawer-close")


def test_env_id_names_the_ids_in_order() -> None:
    assert tuple(env_id(family.name, task) for family in FAMILIES.values() for task in family.tasks) == ENV_IDS
