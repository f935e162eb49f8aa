"""A hand with a forearm: palm, four fingers of three segments, a thumb, sleeve, and the grasps that they take.

Frame of a right hand: the wrist at the origin, +y along the fingers, -z out of the palm, the thumb at -x. A left hand
is its mirror image in x. Lengths are an adult's and are multiplied by a drawn factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from a2r_train.data.hands.rotations import Array, Pose, about, unit, vector
from a2r_train.data.hands.shapes import Shape, ellipsoid, rod

__all__ = ["GRASPS", "Grasp", "HandLook", "arm_poses", "blend", "contact", "hand_bodies", "segment_poses"]

_FINGERS: Final = ("index", "middle", "ring", "little")
_KNUCKLES: Final = np.array(
    [[-0.029, 0.088, 0.001], [-0.009, 0.093, 0.003], [0.011, 0.089, 0.002], [0.029, 0.080, -0.001]]
)
_LENGTHS: Final = np.array([[0.042, 0.026, 0.020], [0.046, 0.029, 0.021], [0.043, 0.027, 0.021], [0.034, 0.020, 0.019]])
_RADII: Final = np.array(
    [[0.0098, 0.0088, 0.0080], [0.0100, 0.0090, 0.0081], [0.0096, 0.0086, 0.0077], [0.0085, 0.0076, 0.0069]]
)
_SPLAY: Final = np.radians([7.0, 1.0, -4.0, -10.0])
_THUMB_BASE: Final = vector(-0.024, 0.022, -0.006)
_THUMB_LENGTHS: Final = (0.044, 0.033, 0.027)
_THUMB_RADII: Final = (0.0135, 0.0108, 0.0096)
_FOREARM: Final = 0.27
_PALM_DEPTH: Final = 0.016


@dataclass(frozen=True, kw_only=True)
class Grasp:
    """How the fingers are bent.

    Attributes:
        flexion: float64 (4, 3), radians: index to little finger, from the knuckle outwards.
        thumb: float64 (3, 3), direction of each segment of a right thumb.
        touch: What touches the object: ``tip`` of the index finger, ``pinch`` between thumb and fingertips, ``palm``,
            ``knuckles``, or ``hook``, the inside of the bent fingers.
        spread: Multiplies the angle between the fingers.
    """

    flexion: Array
    thumb: Array
    touch: str
    spread: float = 1.0


def _grasp(
    touch: str, *fingers: tuple[float, float, float], thumb: tuple[tuple[float, float, float], ...], spread: float = 1.0
) -> Grasp:
    rows = fingers if len(fingers) == 4 else fingers * 4
    return Grasp(flexion=np.radians(np.array(rows)), thumb=unit(np.array(thumb)), touch=touch, spread=spread)


_THUMB_OUT: Final = ((-0.75, 0.6, -0.25), (-0.55, 0.8, -0.2), (-0.45, 0.9, -0.1))
_THUMB_ALONG: Final = ((-0.55, 0.75, -0.35), (-0.2, 0.95, -0.2), (-0.1, 1.0, -0.1))
_THUMB_OPPOSED: Final = ((-0.45, 0.5, -0.75), (-0.1, 0.75, -0.65), (0.1, 0.95, -0.2))
_THUMB_WRAPPED: Final = ((-0.45, 0.35, -0.8), (0.0, 0.45, -0.9), (0.45, 0.55, -0.7))
_THUMB_ACROSS: Final = ((-0.45, 0.65, -0.6), (0.25, 0.8, -0.5), (0.85, 0.4, -0.3))

GRASPS: Final[dict[str, Grasp]] = {
    "relaxed": _grasp("palm", (20, 25, 15), (25, 30, 15), (30, 32, 18), (32, 35, 20), thumb=_THUMB_ALONG),
    "flat": _grasp("palm", (4, 6, 4), (2, 5, 3), (4, 6, 4), (6, 8, 5), thumb=_THUMB_ALONG, spread=0.7),
    "spread": _grasp("palm", (8, 8, 6), (4, 8, 6), (8, 9, 6), (12, 10, 6), thumb=_THUMB_OUT, spread=2.0),
    "point": _grasp("tip", (6, 8, 4), (72, 95, 50), (78, 95, 50), (80, 95, 50), thumb=_THUMB_ACROSS),
    "two": _grasp("tip", (14, 14, 8), (16, 12, 8), (75, 95, 50), (78, 95, 50), thumb=_THUMB_ACROSS, spread=0.4),
    "fist": _grasp("knuckles", (82, 100, 55), (84, 102, 55), (86, 102, 55), (88, 100, 55), thumb=_THUMB_ACROSS),
    "pinch": _grasp("pinch", (48, 42, 22), (40, 36, 20), (36, 34, 20), (34, 34, 22), thumb=_THUMB_OPPOSED),
    "claw": _grasp("pinch", (44, 36, 22), (46, 36, 22), (46, 36, 22), (46, 38, 24), thumb=_THUMB_OPPOSED, spread=1.4),
    "claw_wide": _grasp("pinch", (26, 30, 22), (28, 30, 22), (28, 30, 22), (30, 32, 24), thumb=_THUMB_OUT, spread=1.8),
    "wrap": _grasp("wrap", (48, 46, 30), (50, 48, 30), (52, 48, 30), (54, 48, 30), thumb=_THUMB_WRAPPED),
    "wrap_tight": _grasp("wrap", (66, 70, 40), (68, 72, 40), (70, 72, 40), (72, 70, 40), thumb=_THUMB_WRAPPED),
    "hook": _grasp("hook", (38, 88, 42), (40, 90, 42), (42, 90, 42), (44, 88, 42), thumb=_THUMB_ALONG),
    "open": _grasp("wrap", (14, 18, 12), (14, 18, 12), (15, 18, 12), (18, 20, 14), thumb=_THUMB_OUT, spread=1.5),
}
"""Grasps by name."""


@dataclass(frozen=True, kw_only=True)
class HandLook:
    """What one hand looks like.

    Attributes:
        left: Whether it is a left hand.
        scale: Multiplies an adult's lengths.
        girth: Multiplies the fingers' thickness.
        sleeve: Distance in metres from the wrist at which the sleeve begins.
        loose: The sleeve's radius over the arm's.
        nails: Whether nails are seen.
        watch: Whether there is a watch or a bracelet.
    """

    left: bool = False
    scale: float = 1.0
    girth: float = 1.0
    sleeve: float = 0.1
    loose: float = 1.2
    nails: bool = True
    watch: bool = False

    @property
    def side(self) -> float:
        """Return -1 for a left hand, else 1: the factor of every x."""
        return -1.0 if self.left else 1.0


def blend(first: Grasp, second: Grasp, share: float) -> Grasp:
    """Return a grasp on the way from one to another.

    Args:
        first: At share 0; itself is returned there, and ``second`` at share 1.
        second: At share 1; what touches is taken from it.
        share: In [0, 1].
    """
    if share in (0.0, 1.0):
        return second if share else first
    return Grasp(
        flexion=first.flexion + (second.flexion - first.flexion) * share,
        thumb=unit(first.thumb + (second.thumb - first.thumb) * share),
        touch=second.touch,
        spread=first.spread + (second.spread - first.spread) * share,
    )


def segment_poses(look: HandLook, grasp: Grasp) -> list[Pose]:
    """Return the poses of the palm, the twelve finger segments and the three of the thumb, in the hand's frame.

    Args:
        look: Side and size.
        grasp: How the fingers are bent.
    """
    poses = [Pose(np.eye(3), np.zeros(3))]
    for finger in range(4):
        turn = about(vector(0, 0, 1), float(_SPLAY[finger]) * grasp.spread)
        position = _KNUCKLES[finger]
        for joint in range(3):
            turn = turn @ about(vector(1, 0, 0), -float(grasp.flexion[finger, joint]))
            poses.append(Pose(turn, position))
            position = position + turn[:, 1] * _LENGTHS[finger, joint]
    position = _THUMB_BASE
    for direction, length in zip(grasp.thumb, _THUMB_LENGTHS, strict=True):
        side = unit(np.cross(direction, vector(-0.6, 0.0, 0.8)))
        poses.append(Pose(np.stack([side, direction, np.cross(side, direction)], axis=1), position))
        position = position + direction * length
    mirror = np.diag([look.side, 1.0, 1.0])
    return [Pose(mirror @ pose.rotation @ mirror, mirror @ pose.position * look.scale) for pose in poses]


def contact(look: HandLook, grasp: Grasp, radius: float = 0.0) -> Array:
    """Return the point (3,) of the hand's frame that meets the object.

    Args:
        look: Side and size.
        grasp: Tells what touches.
        radius: Of the object that a wrap closes around, metres.
    """
    poses = segment_poses(look, grasp)
    ends = [pose.point(vector(0, length * look.scale, 0)) for pose, length in zip(poses[3::3], _last(), strict=True)]
    if grasp.touch == "tip":
        return ends[0]
    if grasp.touch == "pinch":
        return np.asarray(0.5 * ends[4] + 0.5 * (ends[0] + ends[1]) / 2)
    if grasp.touch == "knuckles":
        return vector(0.0, 0.103, -0.015) * look.scale
    if grasp.touch == "hook":
        middle = poses[5]
        return middle.point(vector(0.0, 0.012, -0.014) * look.scale)
    if grasp.touch == "wrap":
        return vector(-0.004 * look.side, 0.078, -_PALM_DEPTH) * look.scale - vector(0, 0, radius)
    return vector(0.0, 0.085, -_PALM_DEPTH) * look.scale


def _last() -> list[float]:
    return [*_LENGTHS[:, 2], _THUMB_LENGTHS[2]]


def hand_bodies(look: HandLook) -> dict[str, list[Shape]]:
    """Return the bodies of a hand and its arm: ``palm``, ``index0`` ... ``thumb2``, ``forearm``, ``upper_arm``.

    Args:
        look: Side, size, sleeve.
    """
    scale, thick = look.scale, look.scale * look.girth
    bodies: dict[str, list[Shape]] = {"palm": _palm(look)}
    for name, lengths, radii in [
        *zip(_FINGERS, _LENGTHS, _RADII, strict=True),
        ("thumb", np.array(_THUMB_LENGTHS), np.array(_THUMB_RADII)),
    ]:
        for joint in range(3):
            length, radius = float(lengths[joint]) * scale, float(radii[joint]) * thick
            segment = [rod((0, 0, 0), (0, length - (radius * 0.8 if joint == 2 else 0.0), 0), radius, "skin")]
            if joint == 2 and look.nails:
                half = (radius * 0.7, radius * 0.85, radius * 0.25)
                segment.append(ellipsoid(half, (0, length - radius * 0.6, radius * 0.86), "nail"))
            bodies[f"{name}{joint}"] = segment
    bodies["forearm"], bodies["upper_arm"] = _arm(look)
    return bodies


def _palm(look: HandLook) -> list[Shape]:
    scale, side = look.scale, look.side
    wrist = [(-0.017, 0.008, 0.0), (-0.006, 0.006, 0.001), (0.006, 0.006, 0.001), (0.016, 0.008, 0.0)]
    shapes = [
        rod(
            vector(side * x, y, z) * scale,
            (vector(side, 1, 1) * _KNUCKLES[finger] - vector(0, 0, 0.001)) * scale,
            0.0125 * scale,
            "skin",
        )
        for finger, (x, y, z) in enumerate(wrist)
    ]
    shapes.append(ellipsoid(vector(0.039, 0.052, 0.0155) * scale, vector(0, 0.047, -0.003) * scale, "skin"))
    ball_of_thumb = about(vector(0, 0, 1), side * 0.5)
    shapes.append(
        ellipsoid(
            vector(0.018, 0.034, 0.016) * scale, vector(-side * 0.024, 0.035, -0.009) * scale, "skin", ball_of_thumb
        )
    )
    return shapes


def _arm(look: HandLook) -> tuple[list[Shape], list[Shape]]:
    """Return forearm and upper arm; both begin at their outer end and lie along -y."""
    scale, length = look.scale, _FOREARM * look.scale
    forearm = [
        ellipsoid(vector(0.028, 0.03, 0.02) * scale, (0, 0, 0), "skin"),
        rod((0, 0, 0), (0, -0.1 * scale, 0), 0.0225 * scale, "skin"),
        ellipsoid(vector(0.036, 0.14, 0.034) * scale, (0, -0.16 * scale, 0), "skin"),
        rod((0, -0.2 * scale, 0), (0, -length, 0), 0.033 * scale, "skin"),
    ]
    if look.sleeve < _FOREARM:
        radius = 0.038 * look.loose * scale
        forearm.append(rod((0, -look.sleeve * scale, 0), (0, -length, 0), radius, "sleeve", flat=True))
        forearm.append(rod((0, -length, 0), (0, -length - 0.001, 0), radius, "sleeve"))
        cuff = radius * 1.06
        forearm.append(
            rod((0, -look.sleeve * scale, 0), (0, -(look.sleeve + 0.02) * scale, 0), cuff, "cuff", flat=True)
        )
    if look.watch:
        forearm.append(rod((0, -0.035 * scale, 0), (0, -0.05 * scale, 0), 0.0265 * scale, "watch", flat=True))
        forearm.append(
            rod(
                (0, -0.042 * scale, 0.018 * scale),
                (0, -0.042 * scale, 0.029 * scale),
                0.016 * scale,
                "watch",
                flat=True,
            )
        )
    upper = [rod((0, 0, 0), (0, -0.32, 0), 0.045 * look.loose * scale, "sleeve")]
    return forearm, upper


def arm_poses(look: HandLook, hand: Pose, shoulder: Array) -> tuple[Pose, Pose]:
    """Return the poses of forearm and upper arm.

    Args:
        look: Size.
        hand: The hand's pose.
        shoulder: float64 (3,), where the arm comes from.
    """
    along = unit(unit(hand.position - shoulder) + 0.75 * hand.rotation[:, 1])
    elbow = hand.position - along * _FOREARM * look.scale
    upward = unit(elbow - shoulder)
    return _pointing(along, hand.rotation[:, 2], hand.position), _pointing(upward, vector(0, 0, 1), elbow)


def _pointing(y: Array, near_z: Array, position: Array) -> Pose:
    x = unit(np.cross(y, near_z + vector(1e-6, 0, 0)))
    return Pose(np.stack([x, y, np.cross(x, y)], axis=1), position)
