"""One renderer for every MuJoCo environment: backend choice, presets, context safety, and a lean render-only twin.

A twin has the scene's bodies, joints, cameras and sites, but its large meshes are cut to a tenth of their triangles:
physics keeps the full model, pictures come from the twin.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import os
import subprocess
import sys
import threading
import weakref
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.disk_cache import cached, digest
from a2r_gym.errors import BackendError, FrameError, MissingDependencyError, RenderError, unknown_name
from a2r_gym.llvm_clash import load_triton_first

if TYPE_CHECKING:
    import mujoco

__all__ = ["RENDER_PRESETS", "MujocoRenderer", "decimated_model", "ensure_gl_backend", "new_gl_context"]

RENDER_PRESETS: Final = ("fast", "paper")
"""``fast``: no shadows, no reflections, no antialiasing, twin with few triangles. ``paper``: full lighting."""
PROBE_SECONDS: Final = 30.0
"""Time limit for trying out a backend in a process of its own."""
PAPER_SAMPLES: Final = 4
"""Antialiasing samples per pixel in ``paper``."""
LARGE_MESH: Final = 2000
"""Triangles above which a mesh is cut."""
KEPT_TRIANGLES: Final = 0.1
"""Fraction of a large mesh's triangles that the twin keeps."""
_TWIN: Final = "model.mjb"

_HEADLESS: Final = ("egl", "osmesa")
"""Backends that need no display, in the order in which they are tried."""
_INSTALL: Final = (
    "On Debian or Ubuntu: apt-get install libegl1 libgl1 libgl1-mesa-dri, then try again; "
    "or set MUJOCO_GL to a backend that works"
)
_PROBE = """
import mujoco
from mujoco.gl_context import GLContext
context = GLContext(16, 16)
context.make_current()
mujoco.MjrContext(mujoco.MjModel.from_xml_string("<mujoco/>"), 50)
"""


def ensure_gl_backend() -> str:
    """Choose MuJoCo's OpenGL backend; call it before mujoco is imported.

    ``MUJOCO_GL`` stays as it is where it is set. With a display it becomes ``glfw``; else EGL is tried in a process
    of its own, then OSMesa. Worker processes inherit the choice.

    Returns:
        The value of ``MUJOCO_GL``.

    Raises:
        BackendError: No backend works; the message holds the install line.
    """
    chosen = os.environ.get("MUJOCO_GL")
    if not chosen:
        has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or sys.platform != "linux"
        chosen = "glfw" if has_display else _first_working(_HEADLESS)
        os.environ["MUJOCO_GL"] = chosen
    if chosen in _HEADLESS:
        os.environ.setdefault("PYOPENGL_PLATFORM", chosen)
    load_triton_first()
    return chosen


def _first_working(backends: tuple[str, ...]) -> str:
    reasons = []
    for backend in backends:
        environment = {**os.environ, "MUJOCO_GL": backend, "PYOPENGL_PLATFORM": backend}
        try:
            subprocess.run(
                [sys.executable, "-c", _PROBE], env=environment, timeout=PROBE_SECONDS, check=True, capture_output=True
            )
        except subprocess.TimeoutExpired:
            reasons.append(f"{backend}: no answer in {PROBE_SECONDS:.0f} s")
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode(errors="replace").strip().splitlines()
            reasons.append(f"{backend}: {lines[-1] if lines else f'exit status {error.returncode}'}")
        else:
            return backend
    raise BackendError(f"no OpenGL backend works without a display ({'; '.join(reasons)}). {_INSTALL}")


def new_gl_context(width: int, height: int) -> Any:
    """Open a GL context of the chosen backend, also where mujoco was imported before the choice.

    Args:
        width: Of its pictures, pixels.
        height: Of its pictures, pixels.

    Returns:
        MuJoCo's context; whoever asked for it makes it current before use and frees it.

    Raises:
        BackendError: The backend gives none.
    """
    backend = ensure_gl_backend().lower()
    # mujoco.gl_context serves what MUJOCO_GL was when mujoco was first imported
    module = f"mujoco.{backend}" if backend in _HEADLESS else "mujoco.gl_context"
    try:
        return importlib.import_module(module).GLContext(width, height)
    except (ImportError, AttributeError, RuntimeError) as error:
        raise BackendError(
            f"the OpenGL backend {backend!r} (MUJOCO_GL) gives no context: {error}. {_INSTALL}"
        ) from error


class MujocoRenderer:
    """Draws the states of one MuJoCo model as pictures, in a GL context of its own.

    Many can live side by side: each makes its own context current before it draws and before it frees anything.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        *,
        width: int,
        height: int,
        camera: str | int | None = None,
        preset: str = "fast",
    ) -> None:
        """Open a context and load the model's meshes and textures into it.

        Args:
            model: What is drawn: the physics model, or a twin with the same joints and mocap bodies.
            width: Of the picture, pixels.
            height: Of the picture, pixels.
            camera: Name or number of a camera of the model; None for MuJoCo's free camera.
            preset: One of `RENDER_PRESETS`.

        Raises:
            UnknownNameError: No such preset or camera.
            FrameError: The picture would have no pixels.
            BackendError: The OpenGL backend gives no context.
        """
        ensure_gl_backend()
        import mujoco

        if preset not in RENDER_PRESETS:
            raise unknown_name("render preset", preset, RENDER_PRESETS)
        if width < 1 or height < 1:
            raise FrameError(f"expected a picture of at least 1x1 pixels, got {width}x{height}")
        self.model = model
        self._preset = preset
        self._data = mujoco.MjData(model)
        self._camera = _camera(model, camera)
        self._option = mujoco.MjvOption()
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels: NDArray[np.uint8] = np.empty((height, width, 3), np.uint8)
        self._gl: Any = None
        self._open()

    def _open(self) -> None:
        import mujoco

        model, view = self.model, self._viewport
        self._scene = mujoco.MjvScene(model, maxgeom=2 * (model.ngeom + model.nsite) + 200)
        paper = self._preset == "paper"
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = paper
        _free_orphans()
        gl = new_gl_context(view.width, view.height)
        _close_at_exit()
        gl.make_current()
        quality, picture = model.vis.quality, model.vis.global_
        saved = (quality.offsamples, picture.offwidth, picture.offheight)
        quality.offsamples = PAPER_SAMPLES if paper else 0
        picture.offwidth, picture.offheight = view.width, view.height
        try:
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        except mujoco.FatalError as error:
            gl.free()
            raise BackendError(f"the OpenGL backend (MUJOCO_GL) cannot draw: {error}. {_INSTALL}") from error
        finally:
            quality.offsamples, picture.offwidth, picture.offheight = saved
        self._gl, self._thread = gl, threading.get_ident()
        _OPEN.add(self)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)

    def render(self, data: mujoco.MjData) -> NDArray[np.uint8]:
        """Draw a state.

        Args:
            data: State of the model, or of the physics model that this one is the twin of; unchanged.

        Returns:
            uint8 (height, width, 3), upright.

        Raises:
            RenderError: The renderer is closed, or the picture has one colour even after the context was rebuilt.
        """
        import mujoco

        if self._gl is None:
            raise RenderError("this renderer is closed; open a new one")
        own = self._data
        own.qpos[:] = data.qpos
        own.mocap_pos[:] = data.mocap_pos
        own.mocap_quat[:] = data.mocap_quat
        mujoco.mj_kinematics(self.model, own)
        mujoco.mj_comPos(self.model, own)
        mujoco.mj_camlight(self.model, own)
        frame = self._draw()
        if _is_blank(frame):
            self.close()
            self._open()
            frame = self._draw()
            if _is_blank(frame):
                self.close()
                raise RenderError(
                    f"the picture has the single colour {tuple(frame[0, 0])} even in a new GL context: look at the "
                    "camera, or run 'a2r doctor' to check the backend"
                )
        return frame

    def _draw(self) -> NDArray[np.uint8]:
        import mujoco

        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self.model, self._data, self._option, None, self._camera, everything, self._scene)
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        return np.ascontiguousarray(self._pixels[::-1])

    def close(self) -> None:
        """Free the context; a second call does nothing."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None
            _OPEN.discard(self)

    def __del__(self) -> None:
        """Hand over what nobody closed. This may run in any thread and in the middle of another's drawing."""
        if getattr(self, "_gl", None) is not None:
            _ORPHANS.append(_Orphan(self._thread, self))


class _Orphan:
    """The context of a renderer that was forgotten, and the thread that it belongs to."""

    def __init__(self, thread: int, renderer: MujocoRenderer) -> None:
        self.thread, self._context, self._gl = thread, renderer._context, renderer._gl

    def free(self) -> None:
        self._gl.make_current()
        self._context.free()
        self._gl.free()


_OPEN: weakref.WeakSet[MujocoRenderer] = weakref.WeakSet()
_ORPHANS: list[_Orphan] = []


def _free_orphans() -> None:
    """Free this thread's forgotten contexts; only where no drawing is under way, for it takes the current context."""
    for orphan in [orphan for orphan in _ORPHANS if orphan.thread == threading.get_ident()]:
        _ORPHANS.remove(orphan)
        orphan.free()


@functools.cache
def _close_at_exit() -> None:
    """Free all contexts while the GL libraries are still loaded; call it once they are."""

    def close_all() -> None:
        for renderer in list(_OPEN):
            renderer.close()
        _free_orphans()

    atexit.register(close_all)


def _camera(model: mujoco.MjModel, camera: str | int | None) -> mujoco.MjvCamera:
    import mujoco

    view = mujoco.MjvCamera()
    if camera is None:
        mujoco.mjv_defaultFreeCamera(model, view)
        return view
    names = [model.camera(index).name for index in range(model.ncam)]
    if isinstance(camera, str):
        if camera not in names:
            raise unknown_name("camera", camera, names)
        camera = names.index(camera)
    if not 0 <= camera < model.ncam:
        raise unknown_name("camera", str(camera), names)
    view.type, view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, camera
    return view


def _is_blank(frame: NDArray[np.uint8]) -> bool:
    # The middle pixel settles nearly every real picture without a pass over the whole of it.
    corner, middle = frame[0, 0], frame[frame.shape[0] // 2, frame.shape[1] // 2]
    return bool(frame.size > 3 and (corner == middle).all() and (frame == corner).all())


def decimated_model(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Compile a render-only twin of a scene: large meshes are cut to a tenth, nothing collides. Twins are kept on disk.

    Args:
        spec: The scene; it is not changed.

    Returns:
        A model with the same bodies, joints, mocap bodies, sites and cameras, in the same order.

    Raises:
        MissingDependencyError: ``fast-simplification`` is not installed.
    """
    import mujoco

    try:
        importlib.import_module("fast_simplification")
    except ImportError as error:
        raise MissingDependencyError(
            "the render preset 'fast' needs fast-simplification, which is not installed: "
            "pip install 'a2r-gym[metaworld]'; or use render_preset='paper'"
        ) from error
    version = metadata.version("fast-simplification")
    full = spec.copy().compile()
    binary = np.empty(mujoco.mj_sizeModel(full), np.uint8)
    mujoco.mj_saveModel(full, None, binary)
    key = digest([mujoco.__version__, version, Path(__file__).read_bytes(), binary.tobytes()])
    folder = cached(f"twin-{key}", lambda place: mujoco.mj_saveModel(_decimate(spec, full), str(place / _TWIN), None))
    return mujoco.MjModel.from_binary_path(str(folder / _TWIN))


def _decimate(spec: mujoco.MjSpec, full: mujoco.MjModel) -> mujoco.MjModel:
    import fast_simplification
    import mujoco

    twin = spec.copy()
    for mesh in list(twin.meshes):
        number = full.mesh(mesh.name).id
        triangles, textured = int(full.mesh_facenum[number]), int(full.mesh_texcoordnum[number]) > 0
        if triangles <= LARGE_MESH or textured:
            continue
        corners, faces = _mesh(full, number)
        corners, faces = fast_simplification.simplify(corners, faces, target_reduction=1.0 - KEPT_TRIANGLES)
        name = mesh.name
        mesh.delete()
        twin.add_mesh(
            name=name,
            uservert=corners.ravel().tolist(),
            userface=faces.ravel().tolist(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
    for geom in twin.geoms:
        geom.contype = geom.conaffinity = 0
    return twin.compile()


def _mesh(model: mujoco.MjModel, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return a compiled mesh's corners, moved back to where its file has them, and its triangles."""
    import mujoco

    start, count = int(model.mesh_vertadr[number]), int(model.mesh_vertnum[number])
    first, triangles = int(model.mesh_faceadr[number]), int(model.mesh_facenum[number])
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.mesh_quat[number])
    corners = model.mesh_vert[start : start + count] @ turn.reshape(3, 3).T + model.mesh_pos[number]
    return corners.astype(np.float32), model.mesh_face[first : first + triangles].astype(np.int32)
