"""`VideoTextReward` around one environment."""

from __future__ import annotations

import json
import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import TimeLimit
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import a2r_gym
from a2r_gym.errors import (
    InstructionError,
    NonFiniteRewardError,
    RenderModeError,
    UnknownNameError,
    WrappingError,
)
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import VideoTextReward
from tests.wrappers.conftest import ACTION, FailureNamingModel, WholePushModel


def episode(env: gym.Env[Any, Any]) -> list[tuple[float, bool, bool, dict[str, Any]]]:
    """Play one episode; reset first."""
    _, info = env.reset()
    rows = [(0.0, False, False, info)]
    while not (rows[-1][1] or rows[-1][2]):
        rows.append(env.step(ACTION)[1:])  # type: ignore[arg-type]
    return rows


def similarity(frames: int, number: int, step: int) -> float:
    """Return what the fake model gives an episode of `frames` frames that ends with `step`."""
    return (1000 * frames + 10 * number + step) / 65536


def test_each_frame_is_rendered_and_pushed_once_in_order() -> None:
    base, model = StepCounterEnv(episode_length=3), FrameReadingModel()
    env = VideoTextReward(base, "count", model)
    for _ in range(2):
        episode(env)
    (stream,) = model.streams
    assert [(first, code.episode, code.step) for _, first, code in stream.log] == [
        (step == 0, number, step) for number in range(2) for step in range(4)
    ]
    assert base.renders == len(stream.log) == 8


def test_reward_is_a_python_float_and_the_similarity_of_the_episode_so_far() -> None:
    rows = episode(VideoTextReward(StepCounterEnv(episode_length=3), "count", FrameReadingModel()))
    assert all(type(reward) is float for reward, *_ in rows)
    assert [row[0] for row in rows[1:]] == pytest.approx([similarity(step + 1, 0, step) for step in (1, 2, 3)])


def test_info_holds_scores_own_reward_and_success_as_plain_numbers() -> None:
    rows = episode(VideoTextReward(StepCounterEnv(episode_length=3), "count", FrameReadingModel(goal=4)))
    infos = [row[3] for row in rows]
    assert [info["a2r/success"] for info in infos] == [0.0, 0.25, 0.5, 0.75]
    assert [info["a2r/failure_mode"] for info in infos] == [0, 0, -1, -1]
    assert [info["is_success"] for info in infos] == [False, False, False, True]
    assert [info["original_env_rew"] for info in infos[1:]] == [1.0, 2.0, 3.0]
    assert "original_env_rew" not in infos[0]
    json.dumps(infos)  # no numpy, no pictures


def test_is_success_is_left_out_where_the_environment_does_not_tell() -> None:
    class Silent(gym.Wrapper):  # type: ignore[type-arg]
        def step(self, action: Any) -> Any:
            return *self.env.step(action)[:4], {}

    env = VideoTextReward(Silent(StepCounterEnv()), "count", FrameReadingModel())
    env.reset()
    assert "is_success" not in env.step(ACTION)[4]


@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_ends_are_passed_on_unchanged(end: str) -> None:
    rows = episode(VideoTextReward(StepCounterEnv(episode_length=2, end=end), "count", FrameReadingModel()))
    assert [row[1:3] for row in rows[1:]] == [(False, False), (end == "terminated", end == "truncated")]


def test_success_mode_rewards_success_and_margin_mode_the_streams_margin() -> None:
    for mode, expected in (("success", 0.2), ("margin", np.float32(similarity(2, 0, 1)) - np.float32(0.2))):
        env = VideoTextReward(StepCounterEnv(), "count", FrameReadingModel(), reward_mode=mode)
        assert episode(env)[1][0] == pytest.approx(expected)


def test_margin_mode_refuses_a_model_without_failure_texts() -> None:
    with pytest.raises(WrappingError, match="failure texts"):
        VideoTextReward(StepCounterEnv(), "count", WholePushModel(), reward_mode="margin")
    with pytest.raises(WrappingError, match="FailureNamingModel has none"):
        VideoTextReward(StepCounterEnv(), "stand still", FailureNamingModel(), reward_mode="margin")


def test_info_names_a_failure_where_one_is_seen_and_named() -> None:
    rows = episode(VideoTextReward(StepCounterEnv(episode_length=3), "count", FailureNamingModel(goal=4)))
    assert [row[3].get("a2r/failure_name") for row in rows] == ["never began", "never began", None, None]
    for sentence in ("stand still", "unnamed"):
        rows = episode(VideoTextReward(StepCounterEnv(), sentence, FailureNamingModel()))
        assert all("a2r/failure_name" not in row[3] for row in rows)


@pytest.mark.parametrize(("end", "last"), [("terminated", 0.0), ("truncated", 0.6)])
def test_progress_is_the_discounted_gain_and_zero_potential_only_after_terminated(end: str, last: float) -> None:
    env = VideoTextReward(
        StepCounterEnv(episode_length=3, end=end),
        "count",
        FrameReadingModel(),
        reward_mode="progress",
        progress_base="env",
        progress_weight=2.0,
        progress_gamma=0.9,
    )
    rewards = [row[0] for row in episode(env)[1:]]
    assert rewards == pytest.approx(
        [1 + 2 * (0.9 * 0.2 - 0.0), 2 + 2 * (0.9 * 0.4 - 0.2), 3 + 2 * (0.9 * last - 0.4)], abs=1e-6
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.floats(0.1, 1.0), st.floats(-3.0, 3.0))
def test_discounted_progress_telescopes_to_the_potentials_at_both_ends(
    length: int, every: int, gamma: float, weight: float
) -> None:
    env = VideoTextReward(
        StepCounterEnv(episode_length=length, end="truncated"),
        "count",
        FrameReadingModel(goal=20),
        reward_mode="progress",
        reward_every=every,
        progress_weight=weight,
        progress_gamma=gamma,
    )
    total = sum(gamma**step * row[0] for step, row in enumerate(episode(env)[1:]))
    assert total == pytest.approx(weight * gamma**length * length / 20, abs=1e-5)


def test_reward_every_renders_every_nth_step_and_the_end_and_holds_in_between() -> None:
    base, model = StepCounterEnv(episode_length=5), FrameReadingModel()
    rows = episode(VideoTextReward(base, "count", model, reward_every=3))
    assert [code.step for _, _, code in model.streams[0].log] == [0, 3, 5]
    assert base.renders == 3
    held = [similarity(1, 0, 0)] * 2 + [similarity(2, 0, 3)] * 2 + [similarity(3, 0, 5)]
    assert [row[0] for row in rows[1:]] == pytest.approx(held)
    assert [row[3]["original_env_rew"] for row in rows[1:]] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_reward_every_sees_the_end_of_a_time_limit_inside() -> None:
    model = FrameReadingModel()
    env = VideoTextReward(TimeLimit(StepCounterEnv(episode_length=99), 4), "count", model, reward_every=3)
    assert episode(env)[-1][2]
    assert [code.step for _, _, code in model.streams[0].log] == [0, 3, 4]


def test_streamed_rewards_equal_the_stored_videos_scores() -> None:
    base, model = StepCounterEnv(episode_length=4), FrameReadingModel()
    env = VideoTextReward(base, "count", model)
    env.reset()
    frames, rewards = [base.render()], []
    for _ in range(4):
        rewards.append(env.step(ACTION)[1])
        frames.append(base.render())
    np.testing.assert_array_equal(rewards, model.score_steps(np.stack(frames), "count").similarity[1:])


class WholeEpisodeEnv(StepCounterEnv):
    """One step runs all of an episode's steps; its pictures are kept."""

    last_video: NDArray[np.uint8] | None = None

    def step(self, action: Any) -> Any:
        frames, ended, outcome = [self.render()], False, super().step(action)
        while not ended:
            frames.append(self.render())
            ended = outcome[2] or outcome[3]
            outcome = outcome if ended else super().step(action)
        self.last_video = np.stack(frames)
        return outcome


@pytest.mark.parametrize("mode", ["similarity", "progress"])
def test_a_step_that_is_a_whole_episode_is_rewarded_for_all_its_pictures(mode: str) -> None:
    whole, single = FrameReadingModel(), FrameReadingModel()
    rows = episode(VideoTextReward(WholeEpisodeEnv(episode_length=4, end="truncated"), "count", whole, mode))
    steps = episode(VideoTextReward(StepCounterEnv(episode_length=4, end="truncated"), "count", single, mode))
    assert [code.step for _, _, code in whole.streams[0].log] == [0, 1, 2, 3, 4]
    rewards = [reward for reward, *_ in steps[1:]]
    assert [reward for reward, *_ in rows[1:]] == [pytest.approx(sum(rewards) if mode == "progress" else rewards[-1])]
    assert rows[-1][3]["a2r/similarity"] == steps[-1][3]["a2r/similarity"]


def test_instruction_comes_from_the_environment_unless_given() -> None:
    model = FrameReadingModel()
    assert VideoTextReward(StepCounterEnv(instruction="own"), reward_model=model).instruction == "own"
    assert VideoTextReward(StepCounterEnv(instruction="own"), "given", model).instruction == "given"
    assert [stream.instructions for stream in model.streams] == [("own",), ("given",)]


@pytest.mark.parametrize("instruction", [None, "", "  ", 3])
def test_missing_or_empty_instruction_is_refused(instruction: Any) -> None:
    with pytest.raises(InstructionError):
        VideoTextReward(StepCounterEnv(instruction=None), instruction, FrameReadingModel())


def test_environment_without_pictures_is_refused_with_the_line_that_helps() -> None:
    with pytest.raises(RenderModeError, match=r"gym\.make\('CartPole-v1', render_mode='rgb_array'\)"):
        VideoTextReward(gym.make("CartPole-v1"), "balance the pole", FrameReadingModel())


def test_second_learned_reward_is_refused() -> None:
    env = VideoTextReward(StepCounterEnv(), "count", FrameReadingModel())
    with pytest.raises(WrappingError, match="reward_model='none'"):
        VideoTextReward(TimeLimit(env, 3), "count", FrameReadingModel())


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"reward_mode": "succes"}, UnknownNameError, "Did you mean 'success'"),
        ({"progress_base": "dense"}, UnknownNameError, "Available: env, none"),
        ({"reward_every": 0}, WrappingError, "reward_every"),
        ({"reward_every": True}, WrappingError, "reward_every"),
        ({"reward_every": 1.5}, WrappingError, "reward_every"),
        ({"progress_weight": math.inf}, WrappingError, "progress_weight"),
        ({"progress_gamma": 0.0}, WrappingError, "progress_gamma"),
        ({"progress_gamma": math.nan}, WrappingError, "progress_gamma"),
        ({"reward_model": 3}, WrappingError, "reward_model"),
    ],
)
def test_bad_arguments_get_a_named_error(kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        VideoTextReward(StepCounterEnv(), **{"reward_model": FrameReadingModel(), **kwargs})


def test_step_before_reset_is_refused() -> None:
    env = VideoTextReward(StepCounterEnv(), "count", FrameReadingModel())
    with pytest.raises(ResetNeeded):
        env.step(ACTION)


@pytest.mark.parametrize("mode", ["similarity", "success", "margin", "progress"])
def test_nan_score_raises_and_names_step_and_instruction(mode: str) -> None:
    env = VideoTextReward(StepCounterEnv(), "count slowly", FrameReadingModel(nan_at=2), reward_mode=mode)
    env.reset()
    env.step(ACTION)
    with pytest.raises(NonFiniteRewardError, match=r"step 2 .*'count slowly'"):
        env.step(ACTION)


def test_models_own_complaint_about_nan_gains_step_and_instruction() -> None:
    class Complains(FrameReadingModel):
        def score_episodes(self, episodes: Any) -> Any:
            raise NonFiniteRewardError("similarity must be finite, got [nan]")

    with pytest.raises(NonFiniteRewardError, match=r"got \[nan\]; while scoring step 0 .*'count slowly'"):
        VideoTextReward(StepCounterEnv(), "count slowly", Complains()).reset()


def test_recorded_arguments_hold_the_models_name_and_no_model() -> None:
    env = VideoTextReward(StepCounterEnv(), "count", FrameReadingModel(), reward_every=2)
    assert env._saved_kwargs == {
        "instruction": "count",
        "reward_model": "frame-reading",
        "reward_mode": "similarity",
        "reward_every": 2,
        "progress_base": "none",
        "progress_weight": 1.0,
        "progress_gamma": 0.99,
    }


def test_nameless_model_leaves_a_marker_that_no_checkpoint_has() -> None:
    class Nameless(FrameReadingModel):
        name = None  # type: ignore[assignment]

    recorded = VideoTextReward(StepCounterEnv(), "count", Nameless())._saved_kwargs["reward_model"]
    assert recorded == "<Nameless object without a name>"


def test_spec_round_trips_through_json_and_rebuilds_the_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FrameReadingModel()
    asked: list[str] = []
    monkeypatch.setattr(a2r_gym, "load_reward", lambda name: (asked.append(name), model)[1])
    made = gym.make("CartPole-v1", render_mode="rgb_array")
    spec = VideoTextReward(made, "balance", model, reward_mode="success").spec
    assert spec is not None
    again = EnvSpec.from_json(spec.to_json())
    assert again == spec
    rebuilt = gym.make(again)
    assert isinstance(rebuilt, VideoTextReward)
    assert rebuilt.spec == spec
    assert asked == ["frame-reading"]


def test_bundled_model_is_loaded_once_a_process_and_a_folder_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(a2r_gym, "load_reward", lambda name: (asked.append(name), FrameReadingModel())[1])
    for name in ("some-bundled-name", str(tmp_path)):
        for _ in range(2):
            VideoTextReward(StepCounterEnv(), reward_model=name)
    assert asked == ["some-bundled-name", str(tmp_path), str(tmp_path)]


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.filterwarnings("ignore:.*Not able to test alternative render modes")
def test_gymnasiums_checker_passes() -> None:
    check_env(VideoTextReward(StepCounterEnv(), "count", FrameReadingModel()))
