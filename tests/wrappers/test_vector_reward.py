"""`VectorVideoTextReward`: equal to the same environments wrapped one by one, in every autoreset mode."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from a2r_gym.errors import FrameError, InstructionError, NonFiniteRewardError, RenderModeError, WrappingError
from a2r_gym.testing import FrameReadingModel, StepCounterEnv
from a2r_gym.wrappers import FrameCapture, VectorVideoTextReward, VideoTextReward
from tests.wrappers.conftest import FailureNamingModel, WholePushModel

LENGTHS = (2, 3, 5)
ACTIONS = np.zeros((len(LENGTHS), 2), dtype=np.float32)


def counter_fns(**kwargs: Any) -> list[partial[StepCounterEnv]]:
    """Environments that end at different steps."""
    return [
        partial(StepCounterEnv, **{"number": number, "episode_length": length, **kwargs})
        for number, length in enumerate(LENGTHS)
    ]


def captured(env_fn: Any) -> FrameCapture[Any, Any]:
    return FrameCapture(env_fn())


def rewarded(env_fn: Any, **kwargs: Any) -> VideoTextReward[Any, Any]:
    return VideoTextReward(env_fn(), reward_model=FrameReadingModel(), **kwargs)


def play(env: gym.vector.VectorEnv[Any, Any, Any], steps: int = 14) -> list[Any]:
    """Reset and step, resetting ended episodes by mask where the mode leaves that to us."""
    records: list[Any] = [env.reset(seed=0)]
    by_hand = env.metadata["autoreset_mode"] == AutoresetMode.DISABLED
    for _ in range(steps):
        records.append(env.step(ACTIONS))
        done = records[-1][2] | records[-1][3]
        if by_hand and done.any():
            records.append(env.reset(options={"reset_mask": done}))
    return records


def assert_same(left: Any, right: Any, where: str = "") -> None:
    """Compare nested results exactly."""
    assert type(left) is type(right), where
    if isinstance(left, dict):
        assert left.keys() == right.keys(), where
        for key in left:
            assert_same(left[key], right[key], f"{where}/{key}")
    elif isinstance(left, list | tuple):
        assert len(left) == len(right), where
        for number, pair in enumerate(zip(left, right, strict=True)):
            assert_same(*pair, f"{where}/{number}")
    elif isinstance(left, np.ndarray) and left.dtype == object:
        assert_same(left.tolist(), right.tolist(), where)
    else:
        np.testing.assert_array_equal(left, right, err_msg=where)
        assert np.asarray(left).dtype == np.asarray(right).dtype, where


def test_names_of_failures_are_marked_where_there_are_any() -> None:
    env = VectorVideoTextReward(
        SyncVectorEnv(counter_fns()), ["count", "stand still", "count"], reward_model=FailureNamingModel(goal=4)
    )
    _, infos = env.reset(seed=0)
    assert infos["a2r/failure_name"].tolist() == ["never began", None, "never began"]
    assert infos["_a2r/failure_name"].tolist() == [True, False, True]
    env.step(ACTIONS)
    *_, infos = env.step(ACTIONS)  # success is 0.5 now, where an episode goes on
    assert "a2r/failure_name" not in infos


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
@pytest.mark.parametrize("end", ["terminated", "truncated"])
@pytest.mark.parametrize(
    "kwargs",
    [{}, {"reward_every": 2}, {"reward_mode": "progress", "progress_base": "env"}],
    ids=["plain", "every-2", "progress"],
)
def test_vector_equals_environments_wrapped_one_by_one(
    autoreset: AutoresetMode, end: str, kwargs: dict[str, Any], model: FrameReadingModel
) -> None:
    together = VectorVideoTextReward(
        SyncVectorEnv(counter_fns(end=end), autoreset_mode=autoreset), reward_model=model, **kwargs
    )
    apart = SyncVectorEnv(
        [partial(rewarded, env_fn, **kwargs) for env_fn in counter_fns(end=end)], autoreset_mode=autoreset
    )
    assert_same(play(together), play(apart))


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
def test_done_step_scores_the_old_episodes_last_frame_and_the_next_begins_with_its_first(
    autoreset: AutoresetMode, model: FrameReadingModel
) -> None:
    env = VectorVideoTextReward(SyncVectorEnv(counter_fns(), autoreset_mode=autoreset), reward_model=model)
    play(env)
    logs: dict[int, list[tuple[bool, int, int]]] = {number: [] for number in range(len(LENGTHS))}
    for stream in model.streams:
        for _, first, code in stream.log:
            logs[code.env].append((first, code.episode, code.step))
    for number, length in enumerate(LENGTHS):
        whole = [(step == 0, episode, step) for episode in range(15) for step in range(length + 1)]
        assert logs[number] == whole[: len(logs[number])]
        assert len(logs[number]) > 2 * (length + 1)


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
def test_each_frame_is_rendered_and_scored_once_in_one_call_a_step(autoreset: AutoresetMode) -> None:
    model = FrameReadingModel()
    base = SyncVectorEnv(counter_fns(), autoreset_mode=autoreset)
    records = play(VectorVideoTextReward(base, reward_model=model))
    renders = sum(env.unwrapped.renders for env in base.envs)  # type: ignore[attr-defined]
    assert renders == model.pushed
    assert model.calls == len(records)


def test_reward_at_the_done_step_is_the_old_episodes_with_same_step() -> None:
    env = VectorVideoTextReward(
        SyncVectorEnv(counter_fns(), autoreset_mode=AutoresetMode.SAME_STEP), reward_model=FrameReadingModel()
    )
    env.reset(seed=0)
    env.step(ACTIONS)
    _, rewards, terminations, _, infos = env.step(ACTIONS)
    assert terminations.tolist() == [True, False, False]
    assert rewards[0] == pytest.approx(3002 / 65536)
    assert infos["final_info"]["a2r/similarity"][0] == rewards[0]
    assert infos["final_info"]["_a2r/similarity"].tolist() == [True, False, False]
    assert infos["final_info"]["is_success"][0]
    assert infos["a2r/similarity"][0] == pytest.approx(1010 / 65536)
    assert not infos["is_success"][0]


def test_next_steps_dummy_step_has_no_reward() -> None:
    env = VectorVideoTextReward(SyncVectorEnv(counter_fns()), reward_model=FrameReadingModel())
    env.reset(seed=0)
    rewards = [env.step(ACTIONS)[1] for _ in range(3)]
    assert rewards[1][0] > 0.0
    assert rewards[2][0] == 0.0
    assert rewards[2][1] > 0.0


@pytest.mark.parametrize("autoreset", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_workers_give_what_one_process_gives(autoreset: AutoresetMode) -> None:
    fns = [partial(captured, env_fn) for env_fn in counter_fns()]
    workers = AsyncVectorEnv(fns, context="forkserver", autoreset_mode=autoreset)
    env = VectorVideoTextReward(workers, reward_model=FrameReadingModel())
    try:
        rows = play(env, steps=7)
    finally:
        env.close()
    single = VectorVideoTextReward(SyncVectorEnv(fns, autoreset_mode=autoreset), reward_model=FrameReadingModel())
    for row, expected in zip(rows, play(single, steps=7), strict=True):
        # Gymnasium's two vector environments fill info in another order; the content is the same.
        assert_same(row[:-1], expected[:-1])
        assert_same(row[-1], expected[-1])


def test_disabled_mode_works_in_workers_and_resets_by_mask() -> None:
    fns = [partial(captured, env_fn) for env_fn in counter_fns()]
    workers = AsyncVectorEnv(fns, context="forkserver", autoreset_mode=AutoresetMode.DISABLED)
    env = VectorVideoTextReward(workers, reward_model=FrameReadingModel())
    try:
        env.reset(seed=0)
        env.step(ACTIONS)
        before = env.step(ACTIONS)[1]
        _, infos = env.reset(options={"reset_mask": np.asarray([True, False, False])})
        after = env.step(ACTIONS)[1]
    finally:
        env.close()
    assert infos["_a2r/similarity"].tolist() == [True, False, False]
    np.testing.assert_allclose(before, [3002 / 65536] * 3, rtol=1e-6)
    np.testing.assert_allclose(after, [2011 / 65536, 4003 / 65536, 4003 / 65536], rtol=1e-6)


def test_workers_without_capture_are_refused_with_the_line_that_helps() -> None:
    workers = AsyncVectorEnv(counter_fns()[:1], context="forkserver")
    try:
        with pytest.raises(WrappingError, match=r"wrappers=\[a2r_gym.wrappers.FrameCapture\]"):
            VectorVideoTextReward(workers, reward_model=FrameReadingModel())
    finally:
        workers.close()


def test_forked_workers_are_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workers = AsyncVectorEnv([partial(captured, counter_fns()[0])], context="fork")
    try:
        with pytest.warns(RuntimeWarning, match="forkserver"):
            VectorVideoTextReward(workers, reward_model=FrameReadingModel())
    finally:
        workers.close()


def test_workers_error_arrives_with_its_type_and_message() -> None:
    fns = [partial(captured, partial(StepCounterEnv, fail_at=1))]
    env = VectorVideoTextReward(AsyncVectorEnv(fns, context="forkserver"), reward_model=FrameReadingModel())
    env.reset()
    with pytest.raises(RuntimeError, match="told to fail at step 1"):
        env.step(ACTIONS[:1])
    env.close(terminate=True)


def test_wrappers_between_do_not_stand_in_the_way() -> None:
    env = VectorVideoTextReward(RecordEpisodeStatistics(SyncVectorEnv(counter_fns())), reward_model=FrameReadingModel())
    assert len(play(env)) == 15


def test_instructions_are_one_for_all_one_for_each_or_the_environments_own() -> None:
    for given, expected in (
        ("go", ("go",) * 3),
        (["a", "b", "c"], ("a", "b", "c")),
        (None, ("count to five",) * 3),
    ):
        model = FrameReadingModel()
        VectorVideoTextReward(SyncVectorEnv(counter_fns()), given, model)
        assert model.streams[-1].instructions == expected
    with pytest.raises(InstructionError, match="3 environments, got 2"):
        VectorVideoTextReward(SyncVectorEnv(counter_fns()), ["a", "b"], FrameReadingModel())
    with pytest.raises(InstructionError):
        VectorVideoTextReward(SyncVectorEnv(counter_fns(instruction=None)), None, FrameReadingModel())


def test_environments_without_pictures_or_with_a_learned_reward_are_refused() -> None:
    with pytest.raises(RenderModeError):
        VectorVideoTextReward(SyncVectorEnv(counter_fns(render_mode=None)), reward_model=FrameReadingModel())
    with pytest.raises(WrappingError, match="reward_model='none'"):
        VectorVideoTextReward(
            SyncVectorEnv([partial(rewarded, env_fn) for env_fn in counter_fns()]), reward_model=FrameReadingModel()
        )


def test_other_vector_environments_are_refused() -> None:
    envs = gym.make_vec("CartPole-v1", num_envs=2, vectorization_mode="vector_entry_point", render_mode="rgb_array")
    with pytest.raises(WrappingError, match="SyncVectorEnv or AsyncVectorEnv"):
        VectorVideoTextReward(envs, "balance", FrameReadingModel())


def test_pictures_of_different_sizes_are_refused() -> None:
    class Wide(StepCounterEnv):
        def render(self) -> Any:
            return np.concatenate([super().render()] * 2, axis=1)

    env = VectorVideoTextReward(SyncVectorEnv([StepCounterEnv, Wide]), "count", FrameReadingModel())
    with pytest.raises(FrameError, match="one size"):
        env.reset()


@pytest.mark.parametrize("model_class", [FrameReadingModel, WholePushModel])
def test_nan_names_the_environment(model_class: type[FrameReadingModel]) -> None:
    env = VectorVideoTextReward(SyncVectorEnv(counter_fns()), reward_model=model_class(nan_at=3))
    env.reset(seed=0)
    env.step(ACTIONS)
    env.step(ACTIONS)
    with pytest.raises(NonFiniteRewardError, match="step 3 of environment 1"):
        env.step(ACTIONS)
