"""Scenes of the table-top as data: where the objects stand, how they look, and from where the camera sees them.

Four named scenes follow the four test environments of DVD (Chen, Nair, Finn 2021, arXiv 2103.16817) and the paper:
the training scene, other colours, another viewpoint, another arrangement. Any integer is a seed of the scene
generator (`a2r_gym.envs.tabletop.generator`). Nothing here needs mujoco.

Frames. World: x, y on the table in metres, z up, the robot's base at the origin, the table in front of it (y > 0). A
*heading* in degrees is a direction on the table: 0 is +y, 90 is +x. The camera stands at heading ``azimuth`` of its
target, so it faces the robot, whose arm then stays behind the objects; an object whose heading equals the azimuth
shows its front to the camera. *right* and *away* are the camera's ground axes: what a person who looks at the picture
calls so.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.errors import unknown_name

__all__ = [
    "SCENES",
    "TEXTURE_PATTERNS",
    "CameraParams",
    "ColourParams",
    "LightParams",
    "Pose",
    "SceneParams",
    "TextureParams",
    "scene_params",
]

RGB = tuple[float, float, float]
TEXTURE_PATTERNS: Final = (
    "plain", "checker", "stripes", "noise", "wood1.png", "wood2.png", "wood3.png", "wood4.png", "darkwood.png",
    "light_wood_v2.png", "wood_light.png", "granite.png", "marble.png", "floor1.png", "floor2.png", "plaster1.png",
    "metal1.png",
)  # fmt: skip
"""Patterns of a table or floor: drawn by us, or a picture of the metaworld package."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Where an object stands.

    Attributes:
        x: Metres.
        y: Metres.
        heading: Degrees, where its front looks.
    """

    x: float
    y: float
    heading: float

    @property
    def front(self) -> NDArray[np.float64]:
        """Unit vector (2,) that points out of the object's front."""
        angle = np.radians(self.heading)
        return np.array([np.sin(angle), np.cos(angle)])

    def to_world(self, local: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn points of the object's own frame into world points.

        Args:
            local: float64 (..., 3): metres to the right of someone who looks at the front, towards him, up.
        """
        front = self.front
        right = np.array([-front[1], front[0]])
        ground = np.array([self.x, self.y]) + local[..., :1] * right + local[..., 1:2] * front
        return np.concatenate([ground, local[..., 2:]], axis=-1)


@dataclass(frozen=True, kw_only=True)
class CameraParams:
    """The camera's pose.

    Attributes:
        target: World point in the middle of the picture, metres.
        distance: From the target, metres.
        azimuth: Degrees, heading of the camera seen from the target; 0 faces the robot.
        elevation: Degrees above the table.
        fovy: Vertical field of view, degrees.
    """

    target: tuple[float, float, float]
    distance: float
    azimuth: float
    elevation: float
    fovy: float

    @property
    def right(self) -> NDArray[np.float64]:
        """Unit vector (2,) on the table that points right in the picture."""
        angle = np.radians(self.azimuth)
        return np.array([-np.cos(angle), np.sin(angle)])

    @property
    def away(self) -> NDArray[np.float64]:
        """Unit vector (2,) on the table that points away from the camera."""
        angle = np.radians(self.azimuth)
        return np.array([-np.sin(angle), -np.cos(angle)])

    def pose(self, factor: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where the camera is and how it is turned.

        Args:
            factor: Multiplies the distance.

        Returns:
            Position (3,) in metres, and the rotation (3, 3) whose columns are the picture's right, up and the
            direction towards the viewer.
        """
        rise = np.radians(self.elevation)
        backward = np.concatenate([-self.away * np.cos(rise), [np.sin(rise)]])
        right = np.concatenate([self.right, [0.0]])
        rotation = np.stack([right, np.cross(backward, right), backward], axis=1)
        return np.array(self.target) + backward * self.distance * factor, rotation

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where world points lie in a square picture.

        Args:
            points: float64 (..., 3), metres.

        Returns:
            float64 (..., 2): right and up, the picture's edges at -1 and 1.
        """
        position, rotation = self.pose()
        seen = (points - position) @ rotation
        return np.asarray(seen[..., :2] / (-seen[..., 2:] * np.tan(np.radians(self.fovy) / 2)))


@dataclass(frozen=True, kw_only=True)
class TextureParams:
    """How the table or the floor looks.

    Attributes:
        pattern: One of `TEXTURE_PATTERNS`.
        first: RGB in [0, 1]; multiplies a picture, is the first colour of a drawn pattern.
        second: RGB of a drawn pattern's second colour.
        repeat: How often the pattern repeats along x and y.
        seed: Of the noise pattern.
    """

    pattern: str
    first: RGB = (1.0, 1.0, 1.0)
    second: RGB = (0.5, 0.5, 0.5)
    repeat: tuple[float, float] = (1.0, 1.0)
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the pattern's name."""
        if self.pattern not in TEXTURE_PATTERNS:
            raise unknown_name("texture pattern", self.pattern, TEXTURE_PATTERNS)


@dataclass(frozen=True, kw_only=True)
class ColourParams:
    """RGB in [0, 1] of each part."""

    drawer: RGB = (0.4, 0.65, 0.4)
    drawer_handle: RGB = (0.75, 0.75, 0.75)
    faucet: RGB = (0.7, 0.7, 0.7)
    faucet_handle: RGB = (0.8, 0.15, 0.1)
    machine: RGB = (0.38, 0.19, 0.2)
    machine_trim: RGB = (0.2, 0.2, 0.2)
    mug: RGB = (0.9, 0.9, 0.9)
    robot: RGB = (0.5, 0.1, 0.1)
    sky: RGB = (0.5, 0.495, 0.48)


@dataclass(frozen=True, kw_only=True)
class LightParams:
    """The scene's lights.

    Attributes:
        ambient: Grey level of the light from everywhere.
        headlight: Grey level of the light at the camera.
        diffuse: RGB of the three directional lights.
        turn: Degrees by which the three are turned about the vertical.
    """

    ambient: float = 0.4
    headlight: float = 0.4
    diffuse: tuple[RGB, RGB, RGB] = ((0.3, 0.3, 0.3), (0.3, 0.3, 0.3), (0.3, 0.3, 0.3))
    turn: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SceneParams:
    """Everything that sets one scene apart from another; what differs between its episodes is in the env.

    Attributes:
        name: Name or seed, for messages and records.
        drawer: The case's pose.
        faucet: The base's pose; with the knob at 0 its handle points to the front.
        machine: The coffee machine's pose.
        mug: The mug's pose in the middle of its start range.
        camera: Its pose; its ground axes define left, right and away.
        hand: x and y in metres where the hand waits at the start, without hiding an object.
        table: The table top.
        floor: The floor.
        colours: Of the objects and the robot.
        lights: The lights.
    """

    name: str
    drawer: Pose
    faucet: Pose
    machine: Pose
    mug: Pose
    camera: CameraParams
    hand: tuple[float, float] = (0.0, 0.5)
    table: TextureParams = field(default_factory=lambda: TextureParams(pattern="wood2.png"))
    floor: TextureParams = field(default_factory=lambda: TextureParams(pattern="floor2.png", repeat=(12.0, 12.0)))
    colours: ColourParams = field(default_factory=ColourParams)
    lights: LightParams = field(default_factory=LightParams)

    @property
    def faucet_tilt(self) -> float:
        """Angle in degrees, 0..180, between the faucet's turning to the right and the picture's right."""
        front = self.faucet.front
        cosine = float(np.array([-front[1], front[0]]) @ self.camera.right)
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


_TRAIN: Final = SceneParams(
    name="train",
    drawer=Pose(x=-0.12, y=0.48, heading=-6.0),
    faucet=Pose(x=0.15, y=0.42, heading=-6.0),
    machine=Pose(x=0.22, y=0.25, heading=0.0),
    mug=Pose(x=0.14, y=0.77, heading=-55.0),
    camera=CameraParams(target=(0.022, 0.563, 0.06), distance=0.966, azimuth=-8.0, elevation=48.0, fovy=36.0),
)
_RECOLOR: Final = replace(
    _TRAIN,
    name="recolor",
    table=TextureParams(pattern="marble.png", first=(0.75, 0.85, 1.0)),
    floor=TextureParams(pattern="checker", first=(0.25, 0.2, 0.3), second=(0.55, 0.5, 0.4), repeat=(6.0, 6.0)),
    colours=ColourParams(
        drawer=(0.25, 0.35, 0.7),
        drawer_handle=(0.95, 0.8, 0.2),
        faucet=(0.35, 0.3, 0.3),
        faucet_handle=(0.2, 0.65, 0.3),
        machine=(0.85, 0.75, 0.55),
        machine_trim=(0.45, 0.3, 0.2),
        mug=(0.85, 0.35, 0.2),
        robot=(0.2, 0.2, 0.25),
        sky=(0.7, 0.75, 0.85),
    ),
    lights=LightParams(
        ambient=0.5, headlight=0.3, diffuse=((0.4, 0.35, 0.3), (0.2, 0.2, 0.3), (0.3, 0.3, 0.3)), turn=60
    ),
)
_VIEWPOINT: Final = replace(
    _TRAIN,
    name="viewpoint",
    camera=CameraParams(target=(0.027, 0.623, 0.06), distance=0.888, azimuth=20.0, elevation=37.0, fovy=40.0),
)
_REARRANGED: Final = replace(
    _TRAIN,
    name="rearranged",
    drawer=Pose(x=0.15, y=0.56, heading=-7.0),
    faucet=Pose(x=-0.16, y=0.39, heading=12.0),
    machine=Pose(x=0.1, y=0.26, heading=-10.0),
    mug=Pose(x=-0.13, y=0.79, heading=-57.0),
    camera=CameraParams(target=(-0.009, 0.606, 0.06), distance=0.876, azimuth=-8.0, elevation=48.0, fovy=36.0),
    hand=(-0.04, 0.5),
)
_COMBINED: Final = replace(
    _REARRANGED,
    name="combined",
    camera=CameraParams(target=(0.012, 0.604, 0.06), distance=0.92, azimuth=20.0, elevation=37.0, fovy=40.0),
    table=_RECOLOR.table,
    floor=_RECOLOR.floor,
    colours=_RECOLOR.colours,
    lights=_RECOLOR.lights,
)
"""All three changes at once."""
SCENES: Final[dict[str, SceneParams]] = {
    scene.name: scene for scene in (_TRAIN, _RECOLOR, _VIEWPOINT, _REARRANGED, _COMBINED)
}
"""The named scenes. All but "train" are for tests only."""


@functools.lru_cache(maxsize=256)
def scene_params(scene: str | int) -> SceneParams:
    """Return a scene by name or by generator seed.

    Args:
        scene: A name of `SCENES`, or an integer >= 0 (also as a string of digits).

    Raises:
        UnknownNameError: There is no such scene.
    """
    if scene in SCENES:
        return SCENES[str(scene)]
    if not str(scene).isdecimal():
        raise unknown_name("scene", str(scene), [*SCENES, "any integer >= 0 (a generator seed)"])
    from a2r_gym.envs.tabletop.generator import generate_scene

    return generate_scene(int(scene))
