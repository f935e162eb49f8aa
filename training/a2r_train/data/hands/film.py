"""From poses to pictures: the MuJoCo model of one clip, its rendering, and the webm file.

MuJoCo only draws here: every moving body is a mocap body whose pose is set frame by frame.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.rendering import ensure_gl_backend, new_gl_context
from a2r_train.data.hands.camera import Camera
from a2r_train.data.hands.performance import Performance
from a2r_train.data.hands.rotations import quaternions
from a2r_train.data.hands.shapes import Shape
from a2r_train.data.hands.surroundings import Surroundings
from a2r_train.data.hands.textures import TEXTURE_SIZE

ensure_gl_backend()

import mujoco  # noqa: E402

__all__ = ["FPS", "HEIGHT", "MAX_WIDTH", "Studio", "encode", "exposed", "scene_spec"]

FPS: Final = 12
"""Frames per second, SS-V2's."""
HEIGHT: Final = 144
"""Of the pictures, pixels. SS-V2 has 240; models see 128."""
MAX_WIDTH: Final = 256
LEVELS: Final = (88.0, 170.0)
"""Mean grey levels between which a clip is exposed."""
MOST_GAIN: Final = 2.2
BRIGHT: Final = 245.0
"""Grey level above which the brightest parts are not lifted."""
_SAMPLES: Final = 4
_ENCODER: Final = {"deadline": "realtime", "cpu-used": "8", "crf": "28", "b": "0"}
_GEOMS: Final = {
    "box": "mjGEOM_BOX",
    "sphere": "mjGEOM_SPHERE",
    "capsule": "mjGEOM_CAPSULE",
    "cylinder": "mjGEOM_CYLINDER",
    "ellipsoid": "mjGEOM_ELLIPSOID",
    "mesh": "mjGEOM_MESH",
}


def scene_spec(
    surroundings: Surroundings,
    static: Sequence[Shape],
    moving: Mapping[str, Sequence[Shape]],
    camera: Camera,
    *,
    smooth: bool = False,
) -> mujoco.MjSpec:
    """Describe a clip's scene to MuJoCo.

    Args:
        surroundings: Materials, lights, and what is around.
        static: The action's shapes that do not move.
        moving: Shapes by moving body; they become mocap bodies in this order.
        camera: The view.
        smooth: Whether edges are antialiased, which doubles the cost.
    """
    spec = mujoco.MjSpec()
    spec.visual.quality.offsamples = _SAMPLES if smooth else 0
    spec.visual.quality.shadowsize = 512
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 16, 10
    spec.visual.global_.offwidth, spec.visual.global_.offheight = MAX_WIDTH, HEIGHT
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 14.0
    spec.stat.extent, spec.stat.center = 1.0, [0.0, 0.0, 0.0]
    spec.visual.headlight.ambient = [surroundings.ambient] * 3
    spec.visual.headlight.diffuse = [surroundings.headlight] * 3
    spec.visual.headlight.specular = [0.1] * 3
    _add_materials(spec, surroundings)
    world = spec.worldbody
    for light in surroundings.lights:
        lamp = world.add_light(
            pos=-light.direction * 2.5,
            dir=light.direction,
            diffuse=light.colour,
            specular=[0.25] * 3,
            castshadow=light.shadow,
        )
        if hasattr(lamp, "directional"):
            lamp.directional = True
        else:  # since mujoco 3.3.3
            lamp.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    world.add_camera(
        name="view",
        pos=camera.position,
        quat=quaternions(camera.rotation),
        fovy=camera.fovy,
    )
    for shape in (*surroundings.shapes, *static):
        _add_shape(spec, world, shape)
    for name, shapes in moving.items():
        body = world.add_body(name=name, mocap=True)
        for shape in shapes:
            _add_shape(spec, body, shape)
    return spec


def _add_materials(spec: mujoco.MjSpec, surroundings: Surroundings) -> None:
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=surroundings.sky,
        rgb2=surroundings.sky,
        width=8,
        height=48,
    )
    for name, look in surroundings.materials.items():
        material = spec.add_material(
            name=name,
            rgba=(*look.colour, look.alpha),
            specular=0.6 * look.shine,
            shininess=0.2 + 0.6 * look.shine,
            texrepeat=[look.repeat] * 2,
            texuniform=look.uniform,
        )
        if look.texture is not None:
            texture = spec.add_texture(
                name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=TEXTURE_SIZE, height=TEXTURE_SIZE, nchannel=3
            )
            texture.data = look.texture.tobytes()
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


def _add_shape(spec: mujoco.MjSpec, body: Any, shape: Shape) -> None:
    mesh = ""
    if shape.mesh is not None:
        mesh = f"mesh{len(spec.meshes)}"
        spec.add_mesh(
            name=mesh,
            uservert=shape.mesh.corners.ravel().tolist(),
            userface=shape.mesh.faces.ravel().tolist(),
            inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
        )
    size = (*shape.size, 0.0, 0.0, 0.0)[:3]
    geom = body.add_geom(
        type=getattr(mujoco.mjtGeom, _GEOMS[shape.kind]),
        size=size,
        pos=shape.position,
        quat=quaternions(shape.rotation),
        material=shape.material,
        contype=0,
        conaffinity=0,
    )
    if mesh:
        geom.meshname = mesh


class Studio:
    """Renders clips one after the other in one GL context. Use as a context manager, in one thread."""

    def __init__(self) -> None:
        """Open the context."""
        self._gl: Any = new_gl_context(MAX_WIDTH, HEIGHT)
        self._option = mujoco.MjvOption()

    def __enter__(self) -> Studio:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the context."""
        self._gl.free()

    def film(self, spec: mujoco.MjSpec, performance: Performance, *, width: int, shadow: bool) -> NDArray[np.uint8]:
        """Render a clip.

        Args:
            spec: Of `scene_spec`.
            performance: Poses.
            width: Of the pictures, pixels, at most MAX_WIDTH.
            shadow: Whether shadows are drawn.

        Returns:
            uint8 (T, HEIGHT, width, 3).
        """
        self._gl.make_current()
        model = spec.compile()
        data = mujoco.MjData(model)
        context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        try:
            mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
            scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 20)
            scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = shadow
            scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
            view = mujoco.MjvCamera()
            view.type, view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
            port = mujoco.MjrRect(0, 0, width, HEIGHT)
            frames = np.empty((len(performance.states), HEIGHT, width, 3), np.uint8)
            pixels = np.empty((HEIGHT, width, 3), np.uint8)
            for number, (places, turns) in enumerate(zip(performance.positions, performance.quaternions, strict=True)):
                data.mocap_pos[:], data.mocap_quat[:] = places, turns
                mujoco.mj_kinematics(model, data)
                mujoco.mj_camlight(model, data)
                everything = mujoco.mjtCatBit.mjCAT_ALL.value
                mujoco.mjv_updateScene(model, data, self._option, None, view, everything, scene)
                mujoco.mjr_render(port, scene, context)
                mujoco.mjr_readPixels(pixels, None, port, context)
                frames[number] = pixels[::-1]
        finally:
            context.free()
        return frames


def exposed(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Brighten or darken a clip as a camera's exposure does: one gain for all frames.

    Args:
        frames: uint8 (T, H, W, 3).
    """
    sample = frames[:: max(len(frames) // 4, 1), ::4, ::4]
    level, bright = max(float(sample.mean()), 1.0), max(float(np.percentile(sample, 97)), 1.0)
    gain = float(np.clip(level, *LEVELS)) / level
    gain = min(gain, MOST_GAIN, max(BRIGHT / bright, 1.0))
    if gain == 1.0:
        return frames
    table = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return np.asarray(table[frames], dtype=np.uint8)


def encode(frames: NDArray[np.uint8]) -> bytes:
    """Write frames as a webm file in memory: VP9, 12 frames a second.

    Args:
        frames: uint8 (T, H, W, 3), H and W even.
    """
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm", container_options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=FPS, options=_ENCODER)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()
