"""The scene generator: an integer seed gives a whole scene (`SceneParams`), always the same one.

Draws a camera, an arrangement, colours, textures and lights, and rejects what would not work: objects that touch or
leave no room for the hand, that the hand cannot reach, that hide one another, or that would be small in the picture.
All seven tasks are decided in every generated scene (the faucet turns within 30 degrees of the picture's right).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.scene import (
    TEXTURE_PATTERNS,
    CameraParams,
    ColourParams,
    LightParams,
    Pose,
    SceneParams,
    TextureParams,
)
from a2r_gym.errors import A2RError

__all__ = ["REACH_X", "REACH_Y", "fit_camera", "generate_scene", "layout_problem", "place_hand"]

REACH_X: Final = (-0.38, 0.38)
"""Metres; where the hand reaches the table's objects."""
REACH_Y: Final = (0.36, 0.94)
"""Metres; likewise."""
MAX_ATTEMPTS: Final = 20_000
ATTEMPTS_PER_ARRANGEMENT: Final = 1000
ELEVATIONS: Final = (27.0, 65.0)
"""Degrees of the camera above the table."""
MAX_DISTANCE: Final = 1.2
"""Largest factor by which the camera is further off than it need be."""
MIN_PIXELS: Final = 5.0
"""At least so many pixels of a 128-pixel picture for a 3 cm move of the mug to the side."""

# Footprints in an object's own frame: (left, right, back, front) in metres; front counts towards the viewer.
_DRAWER_AREA: Final = (-0.12, 0.12, -0.11, 0.37)
"""Case, open drawer, handle and room for the hand in front of it."""
_FAUCET_AREA: Final = (-0.06, 0.06, -0.06, 0.2)
_FAUCET_SWEEP: Final = (-0.14, 0.14, -0.04, 0.21)
_MACHINE_AREA: Final = (-0.06, 0.06, -0.06, 0.13)
_MUG_AREA: Final = (-0.125, 0.125, -0.115, 0.11)
"""In the camera's frame: where the mug is pushed to and where the hand goes down beside it."""
_ARRANGEMENTS: Final[tuple[dict[str, tuple[float, float]], ...]] = (
    {"drawer": (0.17, -0.08), "faucet": (-0.14, -0.15), "machine": (-0.28, -0.36), "mug": (-0.13, 0.18)},
    {"drawer": (0.17, -0.08), "faucet": (-0.14, -0.18), "machine": (-0.3, -0.3), "mug": (-0.13, 0.15)},
    {"drawer": (0.17, -0.08), "faucet": (-0.15, -0.18), "machine": (0.2, -0.34), "mug": (-0.13, 0.15)},
    {"drawer": (0.17, -0.08), "faucet": (-0.15, 0.05), "machine": (-0.22, -0.36), "mug": (-0.12, -0.12)},
    {"drawer": (0.17, -0.08), "faucet": (-0.15, 0.05), "machine": (-0.33, -0.2), "mug": (-0.11, -0.13)},
)
"""Middle places in the camera's frame, (right, towards the viewer) in metres; each is drawn mirrored half the time."""
# Boxes that hide and are seen: (left, right, back, front, bottom, top).
_BOXES: Final = {
    "drawer": (-0.11, 0.11, -0.1, 0.26, 0.0, 0.168),
    "faucet": (-0.04, 0.04, -0.04, 0.19, 0.0, 0.145),
    "machine": (-0.06, 0.06, -0.06, 0.11, 0.0, 0.222),
    "mug": (-0.035, 0.035, -0.035, 0.035, 0.0, 0.085),
}
_HAND_BOX: Final = (-0.08, 0.08, -0.08, 0.08, 0.2, 0.7)
"""The hand and the arm above it, at the start of an episode."""
_LOOK_AT: Final = {
    "drawer": ((0.0, 0.31, 0.09), (0.0, 0.15, 0.09), (-0.08, 0.25, 0.12), (0.08, 0.25, 0.12)),
    "faucet": ((0.0, 0.18, 0.13), (0.0, 0.07, 0.13), (0.0, 0.0, 0.14)),
    "machine": ((0.0, 0.11, 0.15),),
    "mug": ((-0.035, 0.0, 0.08), (0.035, 0.0, 0.08), (0.0, 0.035, 0.02)),
}
"""Points of each object, in its own frame, that nothing may stand in front of."""
_FRAMED: Final = {
    "drawer": (
        (-0.11, -0.1, 0.168), (0.11, -0.1, 0.168), (-0.1, 0.25, 0.14), (0.1, 0.25, 0.14),
        (0.05, 0.33, 0.09), (-0.05, 0.33, 0.09),
    ),
    "faucet": ((-0.13, 0.13, 0.13), (0.13, 0.13, 0.13), (0.0, 0.2, 0.13), (0.0, 0.0, 0.15)),
    "machine": ((-0.06, 0.06, 0.17), (0.06, 0.06, 0.17)),
}  # fmt: skip
"""Points that must be in the picture; the top of the coffee machine may leave it."""
_HAND_X: Final = tuple(round(0.04 * index, 2) for index in range(-5, 6))
_HAND_Y: Final = tuple(round(0.42 + 0.04 * index, 2) for index in range(8))
_FRAMED_MUG: Final = ((-0.13, 0.0, 0.0), (0.13, 0.0, 0.0), (0.0, 0.06, 0.0), (0.0, -0.13, 0.08))


def generate_scene(seed: int) -> SceneParams:
    """Draw the scene of a seed.

    Seeds 1000-1099 are for tuning; 9000 and above are for benchmarks only.

    Args:
        seed: Any integer >= 0.

    Raises:
        A2RError: No arrangement was found (does not happen for any seed tried).
    """
    rng = np.random.default_rng([0x7AB1E, seed])
    for attempt in range(MAX_ATTEMPTS):
        if attempt % ATTEMPTS_PER_ARRANGEMENT == 0:  # not each time: the roomy ones would crowd out the others
            places = _ARRANGEMENTS[int(rng.integers(len(_ARRANGEMENTS)))]
            mirror = float(rng.choice([-1.0, 1.0]))
            elevation = float(rng.uniform(*ELEVATIONS))  # likewise: low cameras fail more often
        scene = _draw_layout(rng, str(seed), places, mirror, elevation)
        hand = None if scene is None or layout_problem(scene) else place_hand(scene)
        if scene is not None and hand is not None:
            return _draw_looks(rng, replace(scene, hand=hand))
    raise A2RError(f"scene seed {seed}: no arrangement passed in {MAX_ATTEMPTS} attempts; take another seed")


def _draw_layout(
    rng: np.random.Generator, name: str, places: dict[str, tuple[float, float]], mirror: float, elevation: float
) -> SceneParams | None:
    """Draw places near an arrangement's, about a random camera heading; None where the objects overlap."""
    azimuth = float(rng.uniform(-40.0, 40.0))
    centre = np.array([rng.uniform(-0.06, 0.06), rng.uniform(0.54, 0.64)])
    view = CameraParams(target=(0.0, 0.0, 0.0), distance=1.0, azimuth=azimuth, elevation=45.0, fovy=38.0)

    def place(name: str, tilt: float) -> Pose:
        right, near = np.array(places[name]) + rng.uniform(-0.05, 0.05, size=2)
        ground = centre + view.right * right * mirror - view.away * near
        return Pose(x=float(ground[0]), y=float(ground[1]), heading=azimuth + float(rng.uniform(-tilt, tilt)))

    scene = SceneParams(
        name=name,
        drawer=place("drawer", 40.0),
        faucet=place("faucet", 22.0),
        machine=place("machine", 40.0),
        mug=place("mug", 180.0),
        camera=view,
    )
    if _overlap(scene):
        return None
    camera = fit_camera(scene, azimuth=azimuth, elevation=elevation, fovy=float(rng.uniform(30.0, 50.0)))
    return replace(scene, camera=replace(camera, distance=camera.distance * float(rng.uniform(1.0, MAX_DISTANCE))))


def fit_camera(scene: SceneParams, *, azimuth: float, elevation: float, fovy: float) -> CameraParams:
    """Aim a camera so that the objects and the room in which they move just fill the picture.

    Args:
        scene: Gives the objects' places; its own camera is not used.
        azimuth: Degrees, as in `CameraParams`.
        elevation: Degrees.
        fovy: Degrees.
    """
    target, distance = np.array([scene.mug.x, scene.mug.y, 0.06]), 1.0
    facing = Pose(x=scene.mug.x, y=scene.mug.y, heading=azimuth)
    points = [getattr(scene, name).to_world(np.array(corners)) for name, corners in _FRAMED.items()]
    cloud = np.concatenate([*points, facing.to_world(np.array(_FRAMED_MUG))])
    camera = scene.camera
    for _ in range(25):
        camera = CameraParams(
            target=(float(target[0]), float(target[1]), float(target[2])),
            distance=distance, azimuth=azimuth, elevation=elevation, fovy=fovy,
        )  # fmt: skip
        seen = camera.project(cloud)
        low, high = seen.min(axis=0), seen.max(axis=0)
        middle, half = (low + high) / 2, (high - low) / 2
        step = middle * distance * np.tan(np.radians(fovy) / 2)
        target[:2] += camera.right * step[0] + camera.away * step[1] / np.sin(np.radians(elevation))
        distance *= 1.0 + 0.7 * (float(half.max()) / 0.96 - 1.0)
    return camera


def layout_problem(scene: SceneParams) -> str | None:
    """Say what is wrong with a scene's arrangement, or None.

    Args:
        scene: Checked for overlap, reach, hiding and size in the picture.
    """
    if _overlap(scene):
        return "objects overlap"
    handle = scene.drawer.to_world(np.array([[0.0, 0.36, 0.0]]))
    mug = Pose(x=scene.mug.x, y=scene.mug.y, heading=scene.camera.azimuth)
    around = mug.to_world(np.array([(-0.13, 0, 0), (0.13, 0, 0), (0, 0.12, 0), (0, -0.12, 0)]))
    tips = scene.faucet.to_world(np.array([(-0.16, 0.12, 0), (0.16, 0.12, 0), (0, 0.25, 0)]))
    for points in (handle, around, tips):
        if not (_within(points[:, 0], REACH_X) and _within(points[:, 1], REACH_Y)):
            return "out of reach"
    if _hidden(scene):
        return "an object hides another"
    machine = scene.camera.project(scene.machine.to_world(np.array([0.0, 0.1, 0.14])))
    base = scene.camera.project(np.array([0.0, 0.0, 0.2]))
    if abs(machine[0] - base[0]) < 0.3:
        return "the robot's base hides the coffee machine"
    width = scene.camera.project(mug.to_world(np.array([(-0.015, 0, 0.04), (0.015, 0, 0.04)])))
    if abs(width[1, 0] - width[0, 0]) * 64 < MIN_PIXELS:
        return "objects too small in the picture"
    return None


def _within(values: NDArray[np.float64], bounds: tuple[float, float]) -> bool:
    return bool(values.min() >= bounds[0] and values.max() <= bounds[1])


def _corners(pose: Pose, area: tuple[float, float, float, float]) -> NDArray[np.float64]:
    left, right, back, front = area
    local = np.array([(left, back, 0), (right, back, 0), (right, front, 0), (left, front, 0)], dtype=np.float64)
    return pose.to_world(local)[:, :2]


def _apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Tell whether two rectangles (4, 2) do not overlap: some side's direction separates them."""
    for corners in (first, second):
        for axis in (corners[1] - corners[0], corners[3] - corners[0]):
            one, two = first @ axis, second @ axis
            if one.max() < two.min() or two.max() < one.min():
                return True
    return False


def _overlap(scene: SceneParams) -> bool:
    facing = Pose(x=scene.mug.x, y=scene.mug.y, heading=scene.camera.azimuth)
    drawer = _corners(scene.drawer, _DRAWER_AREA)
    machine = _corners(scene.machine, _MACHINE_AREA)
    rest, sweep = _corners(scene.faucet, _FAUCET_AREA), _corners(scene.faucet, _FAUCET_SWEEP)
    mug = _corners(facing, _MUG_AREA)
    pairs = [(drawer, machine), (drawer, sweep), (machine, sweep), (mug, drawer), (mug, machine), (mug, rest)]
    return not all(_apart(first, second) for first, second in pairs)


def _hidden(scene: SceneParams) -> bool:
    """Tell whether any point to look at lies behind another object's box."""
    position, _ = scene.camera.pose()
    for seen, hiding in itertools.permutations(_BOXES, 2):
        points = getattr(scene, seen).to_world(np.array(_LOOK_AT[seen]))
        if any(_blocked(position, point, getattr(scene, hiding), _BOXES[hiding]) for point in points):
            return True
    return False


def place_hand(scene: SceneParams) -> tuple[float, float] | None:
    """Find where the hand waits at an episode's start without hiding anything.

    Args:
        scene: Its own ``hand`` is not used.

    Returns:
        x and y in metres, the free place nearest to (0, 0.5); None where there is none.
    """
    eye, _ = scene.camera.pose()
    points = np.concatenate([getattr(scene, name).to_world(np.array(seen)) for name, seen in _LOOK_AT.items()])
    places = sorted(itertools.product(_HAND_X, _HAND_Y), key=lambda place: np.hypot(place[0], place[1] - 0.5))
    for x, y in places:
        hand = Pose(x=x, y=y, heading=scene.camera.azimuth)
        if not any(_blocked(eye, point, hand, _HAND_BOX) for point in points):
            return x, y
    return None


def _blocked(
    eye: NDArray[np.float64],
    point: NDArray[np.float64],
    pose: Pose,
    box: tuple[float, float, float, float, float, float],
) -> bool:
    """Slab test: does the line from ``eye`` to ``point`` pass through an object's box?"""
    left, right, back, front, bottom, top = box
    low, high = np.array([left, back, bottom]), np.array([right, front, top])
    axis_front = pose.front
    axes = np.array([[-axis_front[1], axis_front[0], 0.0], [axis_front[0], axis_front[1], 0.0], [0.0, 0.0, 1.0]])
    origin = axes @ (eye - np.array([pose.x, pose.y, 0.0]))
    direction = axes @ (point - eye)
    direction = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
    first, second = (low - origin) / direction, (high - origin) / direction
    enter, leave = np.minimum(first, second).max(), np.maximum(first, second).min()
    return bool(enter < leave and leave > 0 and enter < 1.0)


def _draw_looks(rng: np.random.Generator, scene: SceneParams) -> SceneParams:
    """Draw colours, textures and lights; the table stays clearly apart from the things on it."""

    def colour(low: float, high: float) -> tuple[float, float, float]:
        red, green, blue = rng.uniform(low, high, size=3)
        return float(red), float(green), float(blue)

    def texture(low: float, high: float, repeat: tuple[float, float]) -> TextureParams:
        pattern = str(rng.choice(TEXTURE_PATTERNS))
        count = float(rng.uniform(*repeat))
        return TextureParams(
            pattern=pattern, first=colour(low, high), second=colour(low, high), repeat=(count, count),
            seed=int(rng.integers(2**31)),
        )  # fmt: skip

    table = texture(0.35, 1.0, (1.0, 4.0))
    colours = ColourParams(
        drawer=colour(0.1, 0.95), drawer_handle=colour(0.3, 1.0), faucet=colour(0.1, 0.9),
        faucet_handle=colour(0.0, 1.0), machine=colour(0.1, 0.9), machine_trim=colour(0.1, 0.6),
        mug=_apart_from(rng, table), robot=colour(0.1, 0.8), sky=colour(0.2, 0.9),
    )  # fmt: skip
    lights = LightParams(
        ambient=float(rng.uniform(0.3, 0.5)),
        headlight=float(rng.uniform(0.2, 0.5)),
        diffuse=(colour(0.1, 0.45), colour(0.1, 0.45), colour(0.1, 0.45)),
        turn=float(rng.uniform(0.0, 360.0)),
    )
    floor = texture(0.3, 1.0, (4.0, 14.0))
    return replace(scene, table=table, floor=floor, colours=colours, lights=lights)


def _apart_from(rng: np.random.Generator, table: TextureParams) -> tuple[float, float, float]:
    """Draw the mug's colour at least 0.35 (RGB distance) away from the table's, a picture counting as mid-brown."""
    mean = (np.array(table.first) + np.array(table.second)) / 2
    if table.pattern.endswith(".png"):
        mean = np.array(table.first) * np.array([0.5, 0.42, 0.35])
    colour = rng.uniform(0.05, 1.0, size=3)
    while np.linalg.norm(colour - mean) < 0.35:
        colour = rng.uniform(0.05, 1.0, size=3)
    return float(colour[0]), float(colour[1]), float(colour[2])
