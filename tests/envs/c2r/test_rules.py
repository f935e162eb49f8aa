"""Success rules at their thresholds, and which moments are too close to call."""

from __future__ import annotations

import numpy as np
import pytest

from a2r_gym.envs.c2r.measures import History, Measures, extend, pack, unpack
from a2r_gym.envs.c2r.rules import Rule
from a2r_gym.envs.c2r.tasks import TASKS


def history(start: Measures, *later: Measures) -> History:
    found = History(start, start, start, start)
    for now in later:
        found = extend(found, now)
    return found


def judged(task: str, start: Measures, *later: Measures) -> tuple[bool, bool]:
    label = TASKS[task].rule(history(start, *later))
    return label.success, label.ambiguous


FAR = Measures(reach=0.2)
"""Nothing has moved, and the hand is away."""


@pytest.mark.parametrize(
    ("task", "field", "sign"),
    [("push-right", "right", 1), ("push-left", "right", -1), ("move-away", "away", 1), ("move-towards", "away", -1)],
)
def test_pushing_needs_six_centimetres_that_way(task: str, field: str, sign: int) -> None:
    def moved(metres: float) -> tuple[bool, bool]:
        return judged(task, FAR, FAR._replace(**{field: sign * metres}))

    assert [moved(metres) for metres in (-0.1, 0.0, 0.029)] == [(False, False)] * 3
    assert moved(0.059) == (False, True)
    assert moved(0.061) == (True, True)
    assert moved(0.091) == (True, False)


def test_what_fell_over_or_strayed_was_not_pushed() -> None:
    gone = FAR._replace(right=0.1)
    assert judged("push-right", FAR, gone._replace(tilt=1.5))[0] is False
    assert judged("push-right", FAR, gone._replace(away=0.11))[0] is False
    assert judged("push-right", FAR, gone._replace(rise=0.05))[0] is False


def test_pushed_left_and_back_again_is_flagged_as_pushed_right() -> None:
    assert judged("push-right", FAR, FAR._replace(right=-0.08), FAR) == (False, True)


@pytest.mark.parametrize(
    ("task", "start", "now", "success"),
    [
        ("drawer-open", 0.0, 0.049, False),
        ("drawer-open", 0.0, 0.051, True),
        ("drawer-close", 0.11, 0.036, False),
        ("drawer-close", 0.11, 0.034, True),
        ("drawer-close", 0.02, 0.0, False),  # it was closed already
        ("door-open", 0.0, 0.59, False),
        ("door-open", 0.0, 0.61, True),
        ("door-close", 1.2, 0.31, False),
        ("door-close", 1.2, 0.29, True),
    ],
)
def test_the_thresholds_of_drawer_and_door(task: str, start: float, now: float, success: bool) -> None:
    assert judged(task, FAR._replace(joint=start), FAR._replace(joint=now))[0] is success


def test_closed_and_opened_again_is_a_clear_failure_and_opened_and_closed_again_is_none() -> None:
    ajar, shut = FAR._replace(joint=0.11), FAR._replace(joint=0.0)
    assert judged("drawer-close", ajar, shut, ajar) == (False, False)
    assert judged("drawer-close", shut, ajar, shut) == (False, True)
    assert judged("drawer-close", ajar, FAR._replace(joint=0.04)) == (False, True)


APART = Measures(gap=0.2, reach=0.2)


@pytest.mark.parametrize(
    ("task", "done"),
    [
        ("put-into", Measures(gap=0.02, level=0.003, reach=0.1)),
        ("put-onto", Measures(gap=0.02, level=0.045, reach=0.1)),
        ("cover", Measures(gap=0.01, reach=0.1)),
        ("put-next-to", Measures(gap=0.11, reach=0.1)),
    ],
)
def test_what_was_put_must_also_be_let_go(task: str, done: Measures) -> None:
    assert judged(task, APART, done)[0] is True
    assert judged(task, APART, done._replace(reach=0.01)) == (False, True)
    assert judged(task, done, done)[0] is False  # it was there from the beginning


def test_on_top_is_not_beside_and_in_the_air_is_not_inside() -> None:
    assert judged("put-onto", APART, Measures(gap=0.02, level=0.0, reach=0.1))[0] is False
    assert judged("put-into", APART, Measures(gap=0.02, level=0.09, reach=0.1))[0] is False


@pytest.mark.parametrize("task", ["take-out", "uncover"])
def test_what_was_taken_out_lies_beside(task: str) -> None:
    inside = Measures(gap=0.005, reach=0.2)
    assert judged(task, inside, Measures(gap=0.15, reach=0.1))[0] is True
    assert judged(task, inside, Measures(gap=0.15, rise=0.1, reach=0.01))[0] is False
    assert judged(task, APART, APART)[0] is False  # it was never inside


def test_lifting_holds_on_and_dropping_lets_fall() -> None:
    up = Measures(rise=0.12, reach=0.01)
    assert judged("lift", FAR, up) == (True, True)
    assert judged("lift", FAR, up._replace(rise=0.13)) == (True, False)
    assert judged("lift", FAR, up, FAR)[0] is False
    assert judged("drop", FAR, up)[0] is False
    assert judged("drop", FAR, up, up._replace(sink=1.2), FAR)[0] is True
    assert judged("drop", FAR, up, up._replace(sink=0.5), FAR)[0] is False  # set down by the hand


def test_tipping_and_turning() -> None:
    assert judged("tip-over", FAR, FAR._replace(tilt=0.2)) == (False, False)
    assert judged("tip-over", FAR, FAR._replace(tilt=1.5)) == (True, False)
    assert judged("rotate", FAR, FAR._replace(turn=-1.4)) == (True, False)
    assert judged("rotate", FAR, FAR._replace(turn=0.3)) == (False, False)
    assert judged("rotate", FAR, FAR._replace(turn=1.4, right=0.1))[0] is False


@pytest.mark.parametrize("rule", [info.rule for info in TASKS.values()])
def test_labels_are_plain_and_progress_is_one_only_where_it_succeeds(rule: Rule) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        start, low, now = (Measures(*rng.uniform(-0.3, 0.3, size=len(Measures._fields)).tolist()) for _ in range(3))
        label = rule(history(start, low, now))
        assert [type(value) for value in label] == [bool, bool, float]
        assert 0.0 <= label.progress <= 1.0
        assert not label.success or label.progress == 1.0


def test_a_history_survives_packing() -> None:
    found = history(FAR, Measures(right=0.1, turn=-2.0), Measures(joint=1.0))
    assert unpack(pack(found)) == found
