"""Where things stand at first: within reach, and apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from a2r_gym.envs.c2r.cameras import VIEWPOINTS
from a2r_gym.envs.c2r.layout import TABLE_SIDE, TABLE_X, draw_distractors, draw_start
from a2r_gym.envs.c2r.objects import DISTRACTORS, OBJECTS
from a2r_gym.envs.c2r.tasks import TASKS


@pytest.mark.parametrize("task", TASKS)
def test_a_tasks_things_are_within_reach_and_drawn_anew(task: str) -> None:
    starts = [draw_start(TASKS[task], VIEWPOINTS[0], np.random.default_rng(seed)) for seed in range(20)]
    assert len(set(starts)) == 20
    for start in starts:
        for pose in (start.first, start.second):
            if pose is not None:
                assert 0.33 < pose.x < 0.67
                assert abs(pose.y) < 0.2
        low, high = TASKS[task].layout.joint
        assert low <= start.joint <= high


def test_room_is_left_where_a_thing_is_going_to_move() -> None:
    for view in VIEWPOINTS:
        rng = np.random.default_rng(0)
        right = [draw_start(TASKS["push-right"], view, rng).first.ground @ view.right for _ in range(50)]
        left = [draw_start(TASKS["push-left"], view, rng).first.ground @ view.right for _ in range(50)]
        assert np.mean(left) - np.mean(right) == pytest.approx(0.09, abs=0.02)


@pytest.mark.parametrize("task", TASKS)
def test_distractors_touch_nothing_and_stay_out_of_the_way(task: str) -> None:
    info = TASKS[task]
    kinds = tuple(kind for kind in DISTRACTORS if kind not in (info.first, info.second))[:4]
    for seed in range(10):
        rng = np.random.default_rng(seed)
        view = VIEWPOINTS[seed % 4]
        start = draw_start(info, view, rng)
        poses = draw_distractors(kinds, info, start, view, rng)
        circles = [(pose.ground, OBJECTS[kind].radius) for pose, kind in zip(poses, kinds, strict=True)]
        circles.append((start.first.ground, OBJECTS[info.first].radius))
        for (one, its), (other, theirs) in itertools.combinations(circles, 2):
            assert np.linalg.norm(one - other) > its + theirs
        for pose in poses:
            assert TABLE_X[0] <= pose.x <= TABLE_X[1]
            assert abs(pose.y) <= TABLE_SIDE
        if info.plan == "push":
            ways = info.layout.heading[0] * view.right + info.layout.heading[1] * view.away
            goal = start.first.ground + 0.12 * ways
            assert all(np.linalg.norm(pose.ground - goal) > 0.05 for pose in poses)
