"""One clip from its number: everything about it follows from the data set's seed and the clip's number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.hands.anatomy import HandLook
from a2r_train.data.hands.camera import NEAR_FILL, Camera, draw_camera
from a2r_train.data.hands.paints import Paints
from a2r_train.data.hands.performance import Performance, perform
from a2r_train.data.hands.plan import Plan, draw_timing
from a2r_train.data.hands.repertoire import Act
from a2r_train.data.hands.rotations import Array
from a2r_train.data.hands.shapes import Shape, stretched
from a2r_train.data.hands.surroundings import Surroundings, draw_surroundings

__all__ = ["Clip", "draw_clip"]

WIDTHS: Final = (144, 176, 192, 256)
"""Widths of pictures, pixels: SS-V2's vary as well."""
SHADOWS: Final = 0.4
"""Share of clips with shadows."""
NEAREST_ARM: Final = 0.27
"""Metres that the arm keeps from the camera."""
ARM_RADIUS: Final = 0.045
PALM_LENGTH: Final = 0.13
ARM_LENGTHS: Final = {"forearm": 0.27, "upper_arm": 0.32}
SMOOTH: Final = 0.5
"""Share of clips with antialiased edges."""
_ATTEMPTS: Final = 2000
_LEAST_SHIFT: Final = {"left": 0.2, "right": 0.2, "away": 0.1, "towards": 0.1, "up": 0.15, "down": 0.15}
"""Smallest way of what moves along its direction, in half picture heights; twisting and small moves need less."""
_SMALL: Final = (55, 100, 170)
_AXES: Final = {"right": (1, 0), "left": (-1, 0), "away": (0, 1), "towards": (0, -1), "up": (0, 1), "down": (0, -1)}


@dataclass(frozen=True, kw_only=True)
class Clip:
    """All about one clip but its pictures.

    Attributes:
        plan: What happens.
        look: The hand.
        camera: The view.
        performance: Poses.
        surroundings: With all materials.
        width: Of the pictures, pixels.
        shadow: Whether shadows are drawn.
        smooth: Whether edges are antialiased.
        way: float64 (T, 2), where the mover's tip is in the picture: right and up in half picture heights.
    """

    plan: Plan
    look: HandLook
    camera: Camera
    performance: Performance
    surroundings: Surroundings
    width: int
    shadow: bool
    smooth: bool
    way: Array

    @property
    def static(self) -> list[Shape]:
        """Return the action's shapes that do not move."""
        return [shape for name, shapes in self.plan.bodies.items() if name not in self.plan.motions for shape in shapes]

    @property
    def progress(self) -> Array:
        """Return the share of the action that is done at each frame, float64 (T,)."""
        if not self.acts:
            return np.zeros(len(self.performance.states))
        return np.asarray(np.clip(self.performance.states / self.plan.stop, 0.0, 1.0))

    @property
    def acts(self) -> bool:
        """Tell whether something happens at all, which is not so in a pretence."""
        first, last = (self.plan.motions[self.plan.mover](state) for state in (0.0, 1.0))
        return not (np.allclose(first.position, last.position) and np.allclose(first.rotation, last.rotation)) or (
            self.plan.template in (28, 31, 72)
        )

    @property
    def done_frame(self) -> int:
        """Return the first frame at which the action is done; -1: it never is."""
        done = np.flatnonzero(self.progress >= self.plan.done)
        return int(done[0]) if len(done) else -1

    def facts(self) -> dict[str, Any]:
        """Return what the side file says about the clip."""
        camera = self.camera
        return {
            "template": self.plan.template,
            "kind": self.plan.kind,
            "direction": self.plan.direction,
            "left_hand": self.look.left,
            "camera": {
                "elevation": round(camera.elevation, 2),
                "roll": round(camera.roll, 2),
                "fovy": round(camera.fovy, 2),
                "yaw": round(float(np.degrees(self.plan.yaw)), 2),
                "position": [round(float(v), 4) for v in camera.position],
            },
            "opening": [round(float(value), 3) for value in self.plan.amount],
            "progress": [round(float(value), 3) for value in self.progress],
            "touching": [int(value) for value in self.performance.touching],
            "way": [[round(float(x), 3), round(float(y), 3)] for x, y in self.way],
            "done_frame": self.done_frame,
        }


def draw_clip(seed: int, number: int, act: Act) -> Clip:
    """Draw a clip.

    Args:
        seed: Of the data set.
        number: Of the clip.
        act: What is shown.

    Raises:
        RuntimeError: No view shows the action (does not happen for any act in the repertoire).
    """
    rng = np.random.default_rng([0x4A2D, seed, number])
    for _ in range(_ATTEMPTS):
        paints = Paints(rng)
        plan = act.draw(rng, paints)
        camera = draw_camera(rng, plan.focus, elevation=(plan.lowest, max(62.0, plan.lowest + 10)), fill=plan.fill)
        if not _shows(plan, _way(plan, camera, np.linspace(0.0, plan.stop, 9))):
            continue
        look = _draw_look(rng, plan)
        performance = perform(rng, plan, look, draw_timing(rng, plan))
        if _is_clear(plan, performance, camera):
            break
    else:
        raise RuntimeError(f"no view shows template {plan.template} (seed {seed}, clip {number})")
    shadow = bool(rng.uniform() < SHADOWS)
    surroundings = draw_surroundings(rng, plan, shadow=shadow)
    return Clip(
        plan=plan,
        look=look,
        camera=camera,
        performance=performance,
        surroundings=replace(surroundings, materials={**surroundings.materials, **paints.materials}),
        width=int(rng.choice(WIDTHS)),
        shadow=shadow,
        smooth=bool(rng.uniform() < SMOOTH),
        way=_way(plan, camera, performance.states),
    )


def _way(plan: Plan, camera: Camera, states: NDArray[np.float64]) -> Array:
    motion = plan.motions[plan.mover]
    return camera.project(np.array([motion(float(state)).point(plan.tip) for state in states]))


def _shows(plan: Plan, way: Array) -> bool:
    """Tell whether the picture shows the direction that the plan has."""
    if not plan.direction:
        return True
    shift = (way[-1] - way[0]) @ np.array(_AXES[plan.direction], dtype=np.float64)
    across = np.abs((way[-1] - way[0]) @ np.array(_AXES[plan.direction][::-1], dtype=np.float64))
    least = 0.07 if plan.template in _SMALL else _LEAST_SHIFT[plan.direction] * plan.fill[0] / NEAR_FILL[0]
    return bool(
        shift > least and (plan.direction not in ("left", "right") or shift > 0.6 * across or plan.template == 99)
    )


def _is_clear(plan: Plan, performance: Performance, camera: Camera) -> bool:
    """Tell whether neither the arm fills the picture nor it or the hand hides what moves most of the time."""
    arm = np.concatenate([_points(performance, name, -length) for name, length in ARM_LENGTHS.items()], axis=1)
    if np.linalg.norm(arm - camera.position, axis=-1).min() < NEAREST_ARM:
        return False
    motion = plan.motions[plan.mover]
    middle = np.mean(stretched(plan.bodies[plan.mover]), axis=0)
    goal = np.array([motion(float(state)).point(middle) for state in performance.states])
    acting = (performance.states > 0.05) & (performance.states < plan.stop - 0.05)
    if not acting.any():
        return True
    hidden = _hides(camera, arm, goal)[acting].mean()
    if plan.direction in ("away", "towards"):  # only the size tells these: the thing must be seen beside the hand
        hidden = max(hidden, _hides(camera, _points(performance, "palm", PALM_LENGTH), goal)[acting].mean())
    return bool(hidden < 0.4)


def _points(performance: Performance, name: str, length: float) -> Array:
    """Return five points of a body along its y axis at each frame, float64 (T, 5, 3)."""
    body = list(performance.bodies).index(name)
    steps = np.linspace(0.0, length, 5)[:, None]
    return np.asarray(performance.positions[:, body, None] + performance.axes(body)[:, None, :, 1] * steps)


def _hides(camera: Camera, points: Array, goal: Array) -> NDArray[np.bool_]:
    """Tell at which frames one of the points (T, P, 3) is between the camera and a goal (T, 3), bool (T,)."""
    offset, along = points - camera.position, goal - camera.position
    reach = np.linalg.norm(along, axis=-1)[:, None]
    sight = along / reach
    depth = np.einsum("tpi,ti->tp", offset, sight)
    aside = np.linalg.norm(offset - depth[..., None] * sight[:, None], axis=-1)
    hides = (depth < reach - 0.03) & (aside < ARM_RADIUS * depth / reach + 0.005)
    return np.asarray(hides.any(axis=1))


def _draw_look(rng: np.random.Generator, plan: Plan) -> HandLook:
    left = bool(rng.uniform() < 0.4) if plan.left is None else plan.left
    bare = rng.uniform() < 0.25
    return HandLook(
        left=left,
        scale=float(rng.uniform(0.8, 1.08)),
        girth=float(rng.uniform(0.9, 1.15)),
        sleeve=1.0 if bare else float(rng.choice([rng.uniform(0.0, 0.06), rng.uniform(0.06, 0.2)])),
        loose=float(rng.uniform(1.02, 1.35)),
        nails=bool(rng.uniform() < 0.8),
        watch=bool(rng.uniform() < 0.15),
    )
