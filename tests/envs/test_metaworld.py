"""Meta-World's tasks as environments: resets, state, limits, and what their pictures show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym.envs.base import ActionError
from a2r_gym.envs.metaworld import CAMERAS, MARKER, MetaWorldEnv, _twin
from a2r_gym.envs.metaworld_experts import expert
from a2r_gym.envs.metaworld_tasks import TASKS
from a2r_gym.errors import FrameError, RenderModeError, UnknownNameError
from a2r_gym.rendering import MujocoRenderer
from tests.envs.pictures import centre

STILL = np.zeros(4, dtype=np.float32)
UP = np.array([0.0, 0.0, 1.0, 0.0], dtype=np.float32)


@pytest.fixture(scope="module")
def drawer() -> Iterator[MetaWorldEnv]:
    with closing(MetaWorldEnv(task="drawer-close")) as env:
        yield env


@pytest.fixture(scope="module")
def reach() -> Iterator[MetaWorldEnv]:
    with closing(MetaWorldEnv(task="reach")) as env:
        yield env


def marker_pixels(env: MetaWorldEnv) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which pixels (H, W) show the marker, and the picture."""
    seen = env.render()
    assert env._renderer is not None
    site = env._renderer.model.site(MARKER).pos
    kept = site.copy()
    site[2] = -5.0
    without = env.render()
    site[:] = kept
    return (seen != without).any(axis=-1), seen


# ---------------------------------------------------------------------- episodes


def test_a_seed_decides_the_episode_whatever_came_before(drawer: MetaWorldEnv) -> None:
    first, picture = drawer.reset(seed=4)[0], drawer.render()
    other = drawer.reset(seed=5)[0]
    assert (other != first).any()
    assert (drawer.render() != picture).any()
    for _ in range(5):
        drawer.step(UP)
    np.testing.assert_array_equal(drawer.reset(seed=4)[0], first)
    np.testing.assert_array_equal(drawer.render(), picture)


def test_resets_without_a_seed_follow_from_the_last_one(drawer: MetaWorldEnv) -> None:
    def three() -> list[NDArray[np.float64]]:
        return [drawer.reset(seed=1)[0], drawer.reset()[0], drawer.reset()[0]]

    first, again = three(), three()
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any()
    assert (first[1] != first[2]).any()


def test_nothing_raises_past_the_time_limit_or_after_500_steps() -> None:
    env = MetaWorldEnv(task="reach", max_episode_steps=3, render_mode=None)
    env.reset(seed=0)
    ends = [env.step(STILL)[2:4] for _ in range(505)]
    assert ends[:4] == [(False, False), (False, False), (False, True), (False, True)]
    assert ends[-1] == (False, True)


def test_rewards_and_successes_are_python_values(drawer: MetaWorldEnv) -> None:
    _, told = drawer.reset(seed=0)
    _, reward, terminated, truncated, info = drawer.step(STILL)
    assert [type(value) for value in (reward, terminated, truncated, info["is_success"], info["success"])] == [
        float, bool, bool, bool, float,
    ]  # fmt: skip
    assert told.keys() == info.keys()


@pytest.mark.parametrize("action", [np.zeros(3), np.zeros(5), np.zeros((1, 4)), 0.0, [0, 0, np.nan, 0]])
def test_an_action_that_does_not_fit_is_refused(drawer: MetaWorldEnv, action: Any) -> None:
    drawer.reset(seed=0)
    with pytest.raises(ActionError, match="expected an action of"):
        drawer.step(action)


def test_actions_beyond_the_space_count_as_its_bounds(drawer: MetaWorldEnv) -> None:
    drawer.reset(seed=0)
    bound = drawer.step(UP)[0]
    drawer.reset(seed=0)
    np.testing.assert_array_equal(drawer.step(9.0 * UP)[0], bound)


def test_going_back_to_a_state_repeats_what_followed(drawer: MetaWorldEnv) -> None:
    policy = expert("drawer-close")
    obs, _ = drawer.reset(seed=3)
    for _ in range(30):
        obs, *_ = drawer.step(policy(obs))
    state, picture, label = drawer.get_state(), drawer.render(), drawer.labels()
    actions = [policy(obs)] * 10
    first = [drawer.step(action)[0] for action in actions]
    drawer.set_state(state)
    np.testing.assert_array_equal(drawer.render(), picture)
    assert drawer.labels() == label
    np.testing.assert_array_equal([drawer.step(action)[0] for action in actions], first)


def test_a_state_of_another_size_is_refused(drawer: MetaWorldEnv) -> None:
    with pytest.raises(ValueError, match="expected a state of shape"):
        drawer.set_state(np.zeros(3))


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"task": "drawer-clos"}, UnknownNameError, "Did you mean 'drawer-close'"),
        ({"camera": "corner9"}, UnknownNameError, "Available: behindGripper, corner"),
        ({"render_preset": "quick"}, UnknownNameError, "Available: fast, paper"),
        ({"render_mode": "human"}, RenderModeError, "rgb_array"),
        ({"height": 0}, FrameError, "128x0"),
    ],
)
def test_wrong_arguments_are_named_errors(kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MetaWorldEnv(**kwargs)


def test_without_a_render_mode_there_is_no_picture() -> None:
    env = MetaWorldEnv(render_mode=None)
    env.reset(seed=0)
    with pytest.raises(RenderModeError, match="rgb_array"):
        env.render()


def test_every_task_has_a_sentence_three_paraphrases_and_an_opposite_that_agrees() -> None:
    assert len(TASKS) == 50
    sentences = [sentence for info in TASKS.values() for sentence in (info.instruction, *info.paraphrases)]
    assert len(sentences) == len(set(sentences)) == 200
    for info in TASKS.values():
        if info.opposite is not None:
            assert TASKS[info.opposite].opposite == info.name
            assert TASKS[info.opposite].object == info.object
        assert not {"left", "right"} & set(" ".join((info.instruction, *info.paraphrases)).split())


# ---------------------------------------------------------------------- pictures


@pytest.mark.parametrize("camera", CAMERAS)
def test_pictures_are_upright_from_every_camera(camera: str) -> None:
    with closing(MetaWorldEnv(task="reach", camera=camera, width=96, height=96)) as env:
        env.reset(seed=0)
        env.render()
        assert env._renderer is not None
        model = env._renderer.model
        place = model.site_pos[model.site(MARKER).id]
        from_above = camera in ("topview", "gripperPOV")
        place[:] = (0.0, 0.72, 0.05)
        low, _ = marker_pixels(env)
        place[:] = (0.0, 0.8, 0.05) if from_above else (0.0, 0.72, 0.13)
        high, _ = marker_pixels(env)
        assert centre(high)[1] < centre(low)[1] - 2


def test_moving_the_goal_changes_no_picture_where_the_task_can_be_read_without_it(drawer: MetaWorldEnv) -> None:
    drawer.reset(seed=0)
    picture = drawer.render()
    sawyer = drawer._sawyer
    sawyer._target_pos = sawyer._target_pos + np.array([0.05, -0.1, 0.1])
    for site, _ in sawyer._target_site_config:
        sawyer._set_pos_site(site, sawyer._target_pos)
    drawer._pose_twin()
    np.testing.assert_array_equal(drawer.render(), picture)


def test_the_marker_looks_the_same_in_success_and_failure(reach: MetaWorldEnv) -> None:
    obs, _ = reach.reset(seed=0)
    looks = [marker_pixels(reach)]
    policy = expert("reach")
    for _ in range(reach.max_episode_steps):
        obs, *_, info = reach.step(policy(obs))
        if info["is_success"]:
            break
    assert reach.is_success()
    looks.append(marker_pixels(reach))
    for _ in range(25):
        reach.step(UP)
    assert not reach.is_success()
    looks.append(marker_pixels(reach))
    everywhere = np.logical_and.reduce([mask for mask, _ in looks])
    assert everywhere.sum() > 5
    for _, picture in looks:
        np.testing.assert_array_equal(picture[everywhere], looks[0][1][everywhere])
    colours = looks[0][1][everywhere].astype(int)
    assert np.ptp(colours, axis=1).max() < 20  # grey


@pytest.mark.parametrize("task", ["drawer-close", "hammer", "plate-slide", "lever-pull"])
def test_fewer_triangles_change_little(task: str) -> None:
    with closing(MetaWorldEnv(task=task)) as env:
        env.reset(seed=0)
        lean = env.render().astype(int)
        assert env._renderer is not None
        env._renderer.close()
        full = _twin(task, "paper", env._sawyer.model_name)
        assert full.nmeshface > 2 * env._renderer.model.nmeshface
        env._renderer = MujocoRenderer(full, width=128, height=128, camera="task", preset="fast")
        env._pose_twin()
        assert np.abs(env.render().astype(int) - lean).mean() <= 1.5


def test_neither_preset_nor_rendering_touches_the_physics() -> None:
    def episode(preset: str, pictures: bool) -> NDArray[np.float64]:
        with closing(MetaWorldEnv(task="drawer-close", render_preset=preset, width=48, height=48)) as env:
            policy = expert("drawer-close")
            obs, _ = env.reset(seed=2)
            for step in range(40):
                obs, *_ = env.step(policy(obs))
                if pictures and step % 8 == 0:
                    assert env.render().std() > 5
            return env.get_state()

    unseen = episode("fast", pictures=False)
    np.testing.assert_array_equal(episode("fast", pictures=True), unseen)
    np.testing.assert_array_equal(episode("paper", pictures=True), unseen)


def test_a_closed_env_renders_again_in_this_episodes_places(drawer: MetaWorldEnv) -> None:
    drawer.reset(seed=6)
    picture = drawer.render()
    drawer.close()
    drawer.close()
    np.testing.assert_array_equal(drawer.render(), picture)
