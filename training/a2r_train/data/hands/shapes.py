"""Shapes that everything in a scene is made of: MuJoCo's primitives, and surfaces of revolution that we compute.

No file is read: whatever is in a picture is described in this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_train.data.hands.rotations import Array, Pose, unit, vector

__all__ = ["SIDES", "Mesh", "Shape", "ball", "box", "cylinder", "ellipsoid", "moved", "revolved", "rod", "stretched"]

Triple = Sequence[float] | Array
SIDES: Final = 18
"""Faces around a surface of revolution."""


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """Triangles.

    Attributes:
        corners: float64 (N, 3), metres.
        faces: int32 (M, 3), counter-clockwise from outside.
    """

    corners: Array
    faces: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One piece of a body.

    Attributes:
        kind: A geom type of MuJoCo: box, sphere, capsule, cylinder, ellipsoid or mesh.
        size: Its sizes, metres, as MuJoCo counts them: half lengths.
        rotation: float64 (3, 3), in the body.
        position: float64 (3,), in the body, metres.
        material: Which of the scene's materials it has.
        mesh: Its triangles where ``kind`` is mesh.
    """

    kind: str
    size: tuple[float, ...]
    rotation: Array
    position: Array
    material: str
    mesh: Mesh | None = None


def box(size: Triple, centre: Triple, material: str, rotation: Array | None = None) -> Shape:
    """Return a box.

    Args:
        size: Full lengths along x, y, z, metres.
        centre: Metres.
        material: Name.
        rotation: float64 (3, 3); None: along the body's axes.
    """
    half = tuple(float(length) / 2 for length in size)
    turn = np.eye(3) if rotation is None else rotation
    return Shape(kind="box", size=half, rotation=turn, position=vector(*centre), material=material)


def ball(radius: float, centre: Triple, material: str) -> Shape:
    """Return a sphere."""
    return Shape(kind="sphere", size=(float(radius),), rotation=np.eye(3), position=vector(*centre), material=material)


def ellipsoid(half: Triple, centre: Triple, material: str, rotation: Array | None = None) -> Shape:
    """Return an ellipsoid with half axes ``half``."""
    turn = np.eye(3) if rotation is None else rotation
    size = tuple(float(length) for length in half)
    return Shape(kind="ellipsoid", size=size, rotation=turn, position=vector(*centre), material=material)


def rod(begin: Triple, end: Triple, radius: float, material: str, *, flat: bool = False) -> Shape:
    """Return a capsule between two points, or a cylinder.

    Args:
        begin: Metres.
        end: Metres.
        radius: Metres.
        material: Name.
        flat: Whether its ends are flat instead of round.
    """
    first, last = vector(*begin), vector(*end)
    length = float(np.linalg.norm(last - first))
    return Shape(
        kind="cylinder" if flat else "capsule",
        size=(float(radius), max(length / 2, 1e-4)),
        rotation=_along(last - first),
        position=(first + last) / 2,
        material=material,
    )


def cylinder(radius: float, height: float, base: Triple, material: str) -> Shape:
    """Return an upright cylinder that stands on ``base``."""
    x, y, z = base
    return rod((x, y, z), (x, y, z + height), radius, material, flat=True)


def revolved(profile: Sequence[tuple[float, float]], material: str) -> Shape:
    """Return a surface of revolution about z.

    Args:
        profile: Radius and height of each ring, from the axis outside and upwards, inside back to the axis for
            something hollow; metres.
        material: Name.
    """
    angles = np.arange(SIDES) * (2 * np.pi / SIDES)
    rings = [np.stack([r * np.cos(angles), r * np.sin(angles), np.full(SIDES, z)], axis=1) for r, z in profile]
    faces = []
    for ring in range(len(profile) - 1):
        here = ring * SIDES + np.arange(SIDES)
        beside = ring * SIDES + (np.arange(SIDES) + 1) % SIDES
        if profile[ring + 1][0] > 1e-6:
            faces.append(np.stack([here, beside + SIDES, here + SIDES], axis=1))
        if profile[ring][0] > 1e-6:
            faces.append(np.stack([here, beside, beside + SIDES], axis=1))
    mesh = Mesh(corners=np.concatenate(rings), faces=np.concatenate(faces).astype(np.int32))
    return Shape(kind="mesh", size=(), rotation=np.eye(3), position=np.zeros(3), material=material, mesh=mesh)


def moved(shapes: Sequence[Shape], pose: Pose) -> list[Shape]:
    """Return shapes as they are in a body in which their own has the pose ``pose``."""
    return [
        replace(shape, rotation=pose.rotation @ shape.rotation, position=pose.point(shape.position)) for shape in shapes
    ]


def stretched(shapes: Sequence[Shape]) -> tuple[Array, Array]:
    """Return the lower and the upper corner (3,) of a box around shapes.

    Args:
        shapes: At least one.
    """
    clouds = [shape.rotation @ _extent(shape).T + shape.position[:, None] for shape in shapes]
    cloud = np.concatenate(clouds, axis=1)
    return cloud.min(axis=1), cloud.max(axis=1)


def _extent(shape: Shape) -> Array:
    """Return points (N, 3) whose box is the shape's, in its own frame."""
    if shape.mesh is not None:
        return shape.mesh.corners
    size = shape.size
    if shape.kind == "sphere":
        half = np.full(3, size[0])
    elif shape.kind in ("capsule", "cylinder"):
        half = vector(size[0], size[0], size[1] + (size[0] if shape.kind == "capsule" else 0.0))
    else:
        half = np.array(size)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    return np.asarray(signs * half)


def _along(direction: Array) -> Array:
    """Return a rotation whose z axis is ``direction``."""
    z = unit(direction)
    helper = vector(1.0, 0.0, 0.0) if abs(z[0]) < 0.9 else vector(0.0, 1.0, 0.0)
    x = unit(np.cross(helper, z))
    return np.stack([x, np.cross(z, x), z], axis=1)
