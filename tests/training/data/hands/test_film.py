"""Pictures show what the plan says; nothing in them comes from a file, least of all from the robot environments."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mujoco
import numpy as np
import pytest

from a2r_train.data.hands import film
from a2r_train.data.hands.clip import Clip, draw_clip
from a2r_train.data.hands.film import FPS, HEIGHT, LEVELS, Studio, encode, exposed, scene_spec
from a2r_train.data.hands.performance import Performance
from a2r_train.data.hands.repertoire import REPERTOIRE
from a2r_train.data.hands.rotations import turned
from a2r_train.data.hands.shapes import SIDES
from a2r_train.data.webm import claimed_frames, decode_webm

_SIDES = {"right": (93, 86), "left": (94, 87)}


def _spec(clip: Clip, bodies: dict[str, list[film.Shape]] | None = None) -> mujoco.MjSpec:
    moving = clip.performance.bodies if bodies is None else bodies
    return scene_spec(clip.surroundings, clip.static, moving, clip.camera)


def _only(clip: Clip, names: list[str], frames: list[int]) -> tuple[dict[str, list[film.Shape]], Performance]:
    """A clip's performance with some of its bodies and frames."""
    full = clip.performance
    places = [list(full.bodies).index(name) for name in names]
    bodies = {name: full.bodies[name] for name in names}
    return bodies, replace(
        full,
        bodies=bodies,
        positions=full.positions[frames][:, places],
        quaternions=full.quaternions[frames][:, places],
        rotations=full.rotations[frames][:, places],
        states=full.states[frames],
        touching=full.touching[frames],
    )


@pytest.fixture(scope="module")
def studio() -> Studio:
    with Studio() as studio:
        yield studio


@pytest.mark.parametrize("template", [93, 94, 86, 87])
@pytest.mark.parametrize("number", [1, 2])
def test_pixels_move_as_the_side_file_says(studio: Studio, template: int, number: int) -> None:
    act = next(act for act in REPERTOIRE if act.templates == (template,))
    drawn = (draw_clip(11, place, act) for place in range(number, 100, 2))
    clip = next(clip for clip in drawn if clip.plan.mover == "thing")  # what turns about a pivot moves less at one end
    bodies, performance = _only(clip, ["thing"], [0, len(clip.performance.states) - 1])
    frames = studio.film(_spec(clip, bodies), performance, width=144, shadow=False).astype(int)
    hidden = replace(performance, positions=performance.positions + 100.0)
    empty = studio.film(_spec(clip, bodies), hidden, width=144, shadow=False).astype(int)
    columns = [np.nonzero(np.abs(frame - empty[0]).sum(axis=-1) > 12)[1].mean() for frame in frames]
    facts = clip.facts()
    assert template in _SIDES[facts["direction"]]
    moved = (columns[1] - columns[0]) * (1 if facts["direction"] == "right" else -1)
    assert moved > 4
    way = (facts["way"][-1][0] - facts["way"][0][0]) * HEIGHT / 2  # the thing's middle may lie higher than its foot
    assert abs(columns[1] - columns[0]) == pytest.approx(abs(way), rel=0.35)


@pytest.mark.parametrize("template", [93, 94])
def test_a_handle_that_is_pushed_aside_goes_there_in_the_picture(studio: Studio, template: int) -> None:
    act = next(act for act in REPERTOIRE if act.templates == (template,))
    clip = next(clip for clip in (draw_clip(11, place, act) for place in range(100)) if clip.plan.mover == "part")
    assert clip.plan.kind in ("tap", "lever")
    bodies, performance = _only(clip, ["part"], [0, len(clip.performance.states) - 1])
    frames = studio.film(_spec(clip, bodies), performance, width=144, shadow=False).astype(int)
    hidden = replace(performance, positions=performance.positions + 100.0)
    empty = studio.film(_spec(clip, bodies), hidden, width=144, shadow=False).astype(int)
    columns = [np.nonzero(np.abs(frame - empty[0]).sum(axis=-1) > 12)[1].mean() for frame in frames]
    assert (columns[1] - columns[0]) * (1 if template == 93 else -1) > 1


def test_no_shape_and_no_texture_comes_from_a_file() -> None:
    for number, act in enumerate(REPERTOIRE):
        spec = _spec(draw_clip(3, number, act))
        assert [mesh.file for mesh in spec.meshes if mesh.file] == []
        assert [texture.file for texture in spec.textures if texture.file or any(texture.cubefiles)] == []
        assert spec.meshdir == ""
        assert spec.texturedir == ""


def test_rendering_loads_no_robot_model() -> None:
    code = (
        "import sys\n"
        "from a2r_train.data.hands import clip, film, repertoire\n"
        "film.scene_spec\n"
        "robots = ('metaworld', 'pybullet', 'a2r_gym.envs.tabletop.model', 'a2r_gym.envs.tabletop.generator')\n"
        "print([name for name in sys.modules if name in robots or name.startswith('metaworld.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_every_mesh_is_a_surface_of_revolution_that_we_computed() -> None:
    turn = turned(2 * np.pi / SIDES)
    meshes = 0
    for number, act in enumerate(REPERTOIRE):
        clip = draw_clip(3, number, act)
        for shape in [*clip.static, *(shape for shapes in clip.performance.bodies.values() for shape in shapes)]:
            assert (shape.kind == "mesh") == (shape.mesh is not None)
            if shape.mesh is not None:
                meshes += 1
                rings = shape.mesh.corners.reshape(-1, SIDES, 3)
                assert np.allclose(rings @ turn.T, np.roll(rings, -1, axis=1), atol=1e-9)
    assert meshes > 10


def test_the_camera_is_never_the_same() -> None:
    places = {tuple(draw_clip(3, number, REPERTOIRE[0]).camera.position) for number in range(10)}
    assert len(places) == 10


def test_a_clip_is_drawn_and_its_hand_is_seen(studio: Studio) -> None:
    clip = draw_clip(1, 1, REPERTOIRE[0])
    frames = studio.film(_spec(clip), clip.performance, width=clip.width, shadow=clip.shadow)
    assert frames.shape == (len(clip.performance.states), HEIGHT, clip.width, 3)
    assert frames.std() > 5
    others = [name for name in clip.performance.bodies if name == "part"]
    bodies, performance = _only(clip, others, list(range(len(frames))))
    without = studio.film(_spec(clip, bodies), performance, width=clip.width, shadow=False)
    plain = studio.film(_spec(clip), clip.performance, width=clip.width, shadow=False)
    touching = int(np.flatnonzero(clip.performance.touching)[2])
    assert (np.abs(plain[touching].astype(int) - without[touching]).sum(axis=-1) > 30).mean() > 0.005


def test_the_file_is_vp9_at_twelve_frames_a_second_and_the_same_each_time(studio: Studio, tmp_path: Path) -> None:
    import av

    clip = draw_clip(1, 2, REPERTOIRE[0])
    frames = [studio.film(_spec(clip), clip.performance, width=clip.width, shadow=clip.shadow) for _ in range(2)]
    assert (frames[0] == frames[1]).all()
    content = encode(frames[0])
    assert content == encode(frames[1])
    path = tmp_path / "1.webm"
    path.write_bytes(content)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name in ("vp9", "libvpx-vp9")
        assert stream.average_rate == FPS
    decoded = decode_webm(path)
    assert decoded.shape == frames[0].shape
    assert np.abs(decoded.astype(int) - frames[0]).mean() < 8
    assert claimed_frames(path) == len(decoded)


@pytest.mark.parametrize("level", [20, 120, 240])
def test_exposure_brings_dark_and_bright_clips_nearer(level: int) -> None:
    frames = np.full((4, 8, 8, 3), level, np.uint8)
    mean = float(exposed(frames).mean())
    assert mean == level if LEVELS[0] <= level <= LEVELS[1] else abs(mean - 120) < abs(level - 120)
