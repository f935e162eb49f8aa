"""Every action gives clips that say what they show: template, placeholders, progress, direction in the picture."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from a2r_train.data.hands.clip import Clip, draw_clip
from a2r_train.data.hands.plan import LONGEST, SHORTEST
from a2r_train.data.hands.repertoire import REPERTOIRE, Act, acts
from a2r_train.data.ssv2_templates import OPPOSITES, PRETENCES, TEMPLATES, filled

_PRETENCES = {number for number in PRETENCES if TEMPLATES[number].name.startswith("Pretending")}
_NOTHING_HAPPENS = _PRETENCES | {56, 160}
_AXES = {"right": (1, 0), "left": (-1, 0), "away": (0, 1), "towards": (0, -1), "up": (0, 1), "down": (0, -1)}
_NAMES = [f"{act.draw.__module__.rpartition('.')[2]}.{act.draw.__name__}" for act in REPERTOIRE]


@pytest.fixture(scope="module")
def clips() -> dict[str, Clip]:
    return {name: draw_clip(5, number, act) for number, (name, act) in enumerate(zip(_NAMES, REPERTOIRE, strict=True))}


@pytest.mark.parametrize(("name", "act"), list(zip(_NAMES, REPERTOIRE, strict=True)), ids=_NAMES)
class TestEveryAct:
    def test_the_sentence_fits_the_template(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        plan = clips[name].plan
        assert plan.template in act.templates
        assert "[" not in filled(plan.template, plan.things)

    def test_the_clip_has_its_length_and_finite_poses(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        performance = clips[name].performance
        assert SHORTEST <= len(performance.states) <= LONGEST
        assert np.isfinite(performance.positions).all()
        assert np.allclose(np.linalg.norm(performance.quaternions, axis=-1), 1.0)
        assert performance.positions.shape[1] == len(performance.bodies)

    def test_progress_grows_from_nothing_to_all(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        clip = clips[name]
        progress = clip.progress
        assert (np.diff(progress) >= -1e-9).all()
        assert progress[0] < 0.1
        if clip.plan.template in _NOTHING_HAPPENS and clip.plan.template != 72:  # 72 moves a thing there and back
            assert clip.done_frame == -1
            assert (progress == 0).all()
        else:
            assert 0 < clip.done_frame < len(progress)
            assert progress[-1] == pytest.approx(1.0)
            assert progress[clip.done_frame - 1] < clip.plan.done <= progress[clip.done_frame]

    def test_what_moves_goes_where_the_direction_says(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        clip = clips[name]
        if clip.plan.direction:
            shift = (
                clip.way[-1] - clip.way[0] if clip.plan.template != 99 else clip.way[clip.done_frame // 2] - clip.way[0]
            )
            assert shift @ np.array(_AXES[clip.plan.direction]) > 0

    def test_the_action_is_in_the_picture(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        clip = clips[name]
        seen = clip.camera.project(clip.plan.focus)
        assert np.abs(seen).max() < 1.05

    def test_the_hand_meets_what_it_moves(self, clips: dict[str, Clip], name: str, act: Act) -> None:
        clip = clips[name]
        hand = clip.performance.positions[:, list(clip.performance.bodies).index("palm")]
        begin = int(np.flatnonzero(clip.performance.touching)[0])
        assert np.linalg.norm(hand[begin] - clip.plan.grip.point) < 0.3
        assert clip.plan.grip.point[2] > -0.02


def test_there_are_at_least_twelve_templates_with_their_opposites() -> None:
    shown = {template for act in REPERTOIRE for template in act.templates}
    assert sum(any(other in shown for other in OPPOSITES.get(number, ())) for number in shown) >= 12
    assert {5, 46, 41, 44, 93, 94, 86, 87, 43, 45, 170, 27, 109, 158, 6, 171, 66, 67} <= shown


def test_shares_are_kept_and_the_order_is_shuffled() -> None:
    total = sum(act.share for act in REPERTOIRE)
    order = acts(3, 2 * total)
    count = Counter(order)
    assert all(count[act] == 2 * act.share for act in REPERTOIRE)
    assert order != acts(4, 2 * total)
    assert order[:total] == acts(3, total)


def test_only_some_templates() -> None:
    assert {template for act in acts(0, 50, (93, 94)) for template in act.templates} == {93, 94}


def test_the_same_number_gives_the_same_clip_and_another_another() -> None:
    act = REPERTOIRE[0]
    first, again, other = draw_clip(1, 7, act), draw_clip(1, 7, act), draw_clip(1, 8, act)
    assert (first.performance.positions == again.performance.positions).all()
    assert first.facts() == again.facts()
    assert first.facts() != other.facts()


def test_a_pretended_closing_leaves_the_part_where_it_is() -> None:
    act = next(act for act in REPERTOIRE if act.templates == (66,))
    performance = draw_clip(0, 0, act).performance
    part = performance.positions[:, list(performance.bodies).index("part")]
    palm = performance.positions[:, list(performance.bodies).index("palm")]
    assert np.ptp(part, axis=0).max() == 0
    assert np.ptp(palm, axis=0).max() > 0.05


def test_views_vary() -> None:
    act = next(act for act in REPERTOIRE if act.templates == (5,))
    facts = [draw_clip(2, number, act).facts() for number in range(24)]
    for key, least in (("elevation", 25), ("yaw", 60), ("fovy", 15)):
        assert np.ptp([fact["camera"][key] for fact in facts]) > least
    assert len({fact["kind"] for fact in facts}) >= 4
    assert {fact["left_hand"] for fact in facts} == {True, False}
