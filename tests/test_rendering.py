"""The renderer: backend choice, context safety, presets, and pictures that cannot be trusted."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from a2r_gym import rendering
from a2r_gym.errors import BackendError, FrameError, RenderError, UnknownNameError
from a2r_gym.rendering import MujocoRenderer, decimated_model, ensure_gl_backend

ensure_gl_backend()

import mujoco  # noqa: E402

SCENE = """<mujoco><worldbody><light pos="0 0 3"/><camera name="front" pos="0 -2 1" xyaxes="1 0 0 0 0.4 0.9"/>
<camera name="other" pos="0 -1 1" xyaxes="1 0 0 0 0.4 0.9"/><geom type="plane" size="1 1 .1" rgba=".4 .5 .6 1"/>
<body><freejoint/><geom type="box" size=".2 .2 .2" rgba="{colour} 1"/></body></worldbody></mujoco>"""
EMPTY = "<mujoco><worldbody><body/></worldbody></mujoco>"


def model(colour: str = ".8 .3 .2") -> Any:
    return mujoco.MjModel.from_xml_string(SCENE.format(colour=colour))


@pytest.fixture
def unchosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No backend is chosen yet, and there is no display; all is put back at the end."""
    for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(rendering.sys, "platform", "linux")


class Probes:
    """Stands in for the processes that try out a backend."""

    def __init__(self, works: dict[str, bool]) -> None:
        self.works, self.tried = works, []  # type: ignore[var-annotated]

    def __call__(self, command: list[str], *, env: dict[str, str], timeout: float, **_: Any) -> None:
        backend = env["MUJOCO_GL"]
        self.tried.append(backend)
        if backend not in self.works:
            raise subprocess.TimeoutExpired(command, timeout)
        if not self.works[backend]:
            raise subprocess.CalledProcessError(1, command, stderr=b"Traceback\nlibGL not found")


# ---------------------------------------------------------------------- backend


def test_a_backend_that_is_set_already_stays(unchosen: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(rendering.subprocess, "run", probes := Probes({}))
    assert ensure_gl_backend() == os.environ["MUJOCO_GL"] == os.environ["PYOPENGL_PLATFORM"] == "osmesa"
    assert probes.tried == []


@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_with_a_display_it_is_glfw(unchosen: None, display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(display, ":0")
    assert ensure_gl_backend() == os.environ["MUJOCO_GL"] == "glfw"


@pytest.mark.parametrize(("works", "chosen"), [({"egl": True}, "egl"), ({"egl": False, "osmesa": True}, "osmesa")])
def test_without_a_display_the_first_that_works_is_chosen_once(
    unchosen: None, works: dict[str, bool], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering.subprocess, "run", probes := Probes(works))
    assert ensure_gl_backend() == chosen
    assert ensure_gl_backend() == chosen
    assert probes.tried == list(works)


def test_where_no_backend_works_the_error_tells_why_and_what_to_install(
    unchosen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering.subprocess, "run", Probes({"osmesa": False}))
    with pytest.raises(BackendError, match=r"egl: no answer in 30 s; osmesa: libGL not found.*apt-get install libegl1"):
        ensure_gl_backend()
    assert "MUJOCO_GL" not in os.environ


def run_bare(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter without a display or a backend; its last word."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "PYOPENGL_PLATFORM", "DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere MuJoCo needs no choice")
@pytest.mark.parametrize("first", ["", "import mujoco; "])
def test_a_headless_machine_renders_whoever_imports_mujoco_first(first: str) -> None:
    code = (
        f"{first}import gymnasium as gym, a2r_gym; env = gym.make('A2R-Tabletop-mug-left-v1', reward_model='none', "
        "width=32, height=32); env.reset(seed=0); print(env.render().std() > 5)"
    )
    assert run_bare(code) == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere glfw needs no display")
def test_a_backend_that_was_set_and_cannot_draw_is_a_named_error() -> None:
    code = (
        "import mujoco\nfrom a2r_gym.errors import BackendError\nfrom a2r_gym.rendering import MujocoRenderer\n"
        f"model = mujoco.MjModel.from_xml_string('{EMPTY}')\n"
        "try: MujocoRenderer(model, width=8, height=8)\nexcept BackendError as error: print('MUJOCO_GL' in str(error))"
    )
    assert run_bare(code, MUJOCO_GL="glfw") == "True"


# ---------------------------------------------------------------------- contexts


@pytest.fixture
def pair() -> Iterator[tuple[MujocoRenderer, MujocoRenderer]]:
    """Two open renderers of scenes in different colours."""
    one = MujocoRenderer(model(".8 .3 .2"), width=40, height=30, camera="front")
    two = MujocoRenderer(model(".1 .9 .2"), width=24, height=24, camera="other")
    with closing(one), closing(two):
        yield one, two


def frame(renderer: MujocoRenderer) -> NDArray[np.uint8]:
    return renderer.render(mujoco.MjData(renderer.model))


def test_a_picture_is_uint8_rgb_upright_and_a_copy(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    first = frame(pair[0])
    assert first.shape == (30, 40, 3)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert first[:4].mean() < first[-4:].mean()  # the black sky is above the plane
    kept = first.copy()
    pair[0].render(moved(pair[0]))
    np.testing.assert_array_equal(first, kept)


def moved(renderer: MujocoRenderer) -> Any:
    data = mujoco.MjData(renderer.model)
    data.qpos[0] = 0.4
    return data


def test_the_state_alone_decides_the_picture(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    before, shifted = frame(pair[0]), pair[0].render(moved(pair[0]))
    assert (before != shifted).any()
    np.testing.assert_array_equal(frame(pair[0]), before)


def test_rendering_leaves_the_physics_alone(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    data = moved(pair[0])
    xpos, qpos = data.xpos.copy(), data.qpos.copy()
    pair[0].render(data)
    np.testing.assert_array_equal(data.xpos, xpos)
    np.testing.assert_array_equal(data.qpos, qpos)


def test_renderers_side_by_side_do_not_disturb_each_other(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    one, two = frame(pair[0]), frame(pair[1])
    for _ in range(3):
        np.testing.assert_array_equal(frame(pair[0]), one)
        np.testing.assert_array_equal(frame(pair[1]), two)
    pair[0].close()
    np.testing.assert_array_equal(frame(pair[1]), two)


def test_a_renderer_that_nobody_closes_takes_no_other_along(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    before = frame(pair[0])
    forgotten = MujocoRenderer(model(".2 .2 .9"), width=24, height=24, camera="front")
    frame(forgotten)
    frame(pair[0])
    del forgotten
    gc.collect()
    np.testing.assert_array_equal(frame(pair[0]), before)


def test_one_that_is_forgotten_while_another_draws_is_freed_later_in_its_own_thread(
    pair: tuple[MujocoRenderer, MujocoRenderer], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = frame(pair[0])
    forgotten = [MujocoRenderer(model(".2 .2 .9"), width=24, height=24, camera="front")]
    update = mujoco.mjv_updateScene

    def forget_and_update(*arguments: Any) -> None:
        forgotten.clear()
        gc.collect()
        update(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(mujoco, "mjv_updateScene", forget_and_update)
        np.testing.assert_array_equal(frame(pair[0]), before)
    assert len(rendering._ORPHANS) == 1
    other = threading.Thread(target=rendering._free_orphans)
    other.start()
    other.join()
    assert len(rendering._ORPHANS) == 1
    MujocoRenderer(model(), width=16, height=16, camera="front").close()
    assert not rendering._ORPHANS
    np.testing.assert_array_equal(frame(pair[0]), before)


def test_closing_twice_is_allowed_and_a_closed_renderer_says_so(pair: tuple[MujocoRenderer, MujocoRenderer]) -> None:
    pair[0].close()
    pair[0].close()
    with pytest.raises(RenderError, match="closed"):
        frame(pair[0])


def test_twenty_renderers_open_at_once_and_again_leave_nothing_behind() -> None:
    def open_twenty() -> list[NDArray[np.uint8]]:
        renderers = [MujocoRenderer(model(), width=16, height=16, camera="front") for _ in range(20)]
        frames = [frame(renderer) for renderer in renderers]
        for renderer in renderers:
            renderer.close()
        return frames

    open_twenty()
    handles = Path("/proc/self/fd")
    before = len(list(handles.iterdir())) if handles.exists() else 0
    frames = open_twenty()
    assert all((other == frames[0]).all() for other in frames)
    assert (len(list(handles.iterdir())) if handles.exists() else 0) == before


# ---------------------------------------------------------------------- blank pictures


def test_a_picture_of_one_colour_is_drawn_again_in_a_new_context(
    pair: tuple[MujocoRenderer, MujocoRenderer], monkeypatch: pytest.MonkeyPatch
) -> None:
    good, draw, contexts = frame(pair[0]), MujocoRenderer._draw, [pair[0]._gl]

    def black_in_the_first_context(self: MujocoRenderer) -> NDArray[np.uint8]:
        if self._gl is contexts[0]:
            return np.zeros((30, 40, 3), np.uint8)
        return draw(self)

    monkeypatch.setattr(MujocoRenderer, "_draw", black_in_the_first_context)
    np.testing.assert_array_equal(frame(pair[0]), good)


def test_a_picture_of_one_colour_twice_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    open_context = MujocoRenderer._open

    def counted(self: MujocoRenderer) -> None:
        opened.append(1)
        open_context(self)

    monkeypatch.setattr(MujocoRenderer, "_open", counted)
    renderer = MujocoRenderer(mujoco.MjModel.from_xml_string(EMPTY), width=16, height=16)
    with pytest.raises(RenderError, match="single colour"):
        frame(renderer)
    assert len(opened) == 2


# ---------------------------------------------------------------------- arguments


def test_unknown_preset_and_camera_list_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="Available: fast, paper"):
        MujocoRenderer(model(), width=8, height=8, preset="quick")
    with pytest.raises(UnknownNameError, match="Did you mean 'front'"):
        MujocoRenderer(model(), width=8, height=8, camera="frnt")
    with pytest.raises(UnknownNameError, match="Available: front, other"):
        MujocoRenderer(model(), width=8, height=8, camera=2)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(FrameError, match="0x8"):
        MujocoRenderer(model(), width=0, height=8)


def test_a_camera_can_be_given_by_number_and_the_free_one_by_none() -> None:
    renderers = [MujocoRenderer(model(), width=16, height=16, camera=camera) for camera in ("other", 1, None)]
    named, numbered, free = (frame(renderer) for renderer in renderers)
    np.testing.assert_array_equal(named, numbered)
    assert (named != free).any()
    for renderer in renderers:
        renderer.close()


# ---------------------------------------------------------------------- twins


def ball_spec(rings: int) -> Any:
    """Return a scene with a mesh of a ball, off its own middle and turned."""
    around, up = np.meshgrid(np.linspace(0, 2 * np.pi, rings, endpoint=False), np.linspace(0, np.pi, rings))
    ball = np.stack([np.sin(up) * np.cos(around), 0.5 * np.sin(up) * np.sin(around), 0.25 * np.cos(up)], -1)
    spec = mujoco.MjSpec()
    spec.add_mesh(name="ball", uservert=(0.2 * ball.reshape(-1, 3) + [0.1, 0.05, 0.2]).ravel().tolist())
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 0.1], rgba=[0.4, 0.5, 0.6, 1])
    spec.worldbody.add_light(pos=[0, 0, 3])
    body = spec.worldbody.add_body(name="body", pos=[0, 0, 0.3], quat=[0.9, 0.1, 0.3, 0.2])
    body.add_freejoint()
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="ball")
    return spec


def test_a_twin_has_a_tenth_of_the_triangles_in_the_same_place_and_collides_with_nothing() -> None:
    spec = ball_spec(40)
    full, twin = spec.compile(), decimated_model(spec)
    assert full.mesh_facenum[0] > rendering.LARGE_MESH
    assert twin.mesh_facenum[0] <= 0.12 * full.mesh_facenum[0]
    assert not twin.geom_contype.any()
    assert not twin.geom_conaffinity.any()
    assert (full.nq, full.nbody, full.ngeom) == (twin.nq, twin.nbody, twin.ngeom)
    pictures = []
    for drawn in (full, twin):
        with closing(MujocoRenderer(drawn, width=64, height=64)) as renderer:
            pictures.append(frame(renderer).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() <= 1.5


def test_small_meshes_stay_as_they_are() -> None:
    spec = ball_spec(12)
    assert decimated_model(spec).mesh_facenum[0] == spec.compile().mesh_facenum[0] <= rendering.LARGE_MESH


def test_a_twin_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_simplification", None)
    with pytest.raises(ImportError, match=r"pip install 'a2r-gym\[metaworld\]'"):
        decimated_model(ball_spec(12))
