"""The MuJoCo model of the table-top: Sawyer, drawer, faucet, coffee machine and mug in one scene.

Composed with `mujoco.MjSpec` from the asset files of the installed ``metaworld`` package (Farama-Foundation/Metaworld,
MIT). The model is compiled once per process; a scene is a set of numbers written into a copy of it (`apply_scene`), so
the physics model and the render-only twin with fewer triangles take the same scene.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from a2r_gym.envs.tabletop.scene import SceneParams, TextureParams
from a2r_gym.errors import MissingDependencyError
from a2r_gym.rendering import ensure_gl_backend

ensure_gl_backend()

import mujoco  # noqa: E402

__all__ = ["CAMERAS", "apply_scene", "base_model", "compose_spec", "object_quat", "scene_model"]

CAMERAS: Final = ("scene", "overview")
"""Cameras of every scene: the tight one, and one that looks along the same way from further off."""
OVERVIEW_FACTOR: Final = 2.0
"""Distance of "overview" over the distance of "scene"."""
MACHINE_SCALE: Final = 0.6
"""The coffee machine is cut to 22 cm: at its full 37 cm it would set the field of view, and the mug would be tiny."""
MUG_SCALE: Final = 1.25
"""The mug is 8.5 cm high instead of 6.8 cm, for the same reason."""
TEXTURE_SIZE: Final = 256
"""Side of the table's and the floor's texture in pixels."""
TIMESTEP: Final = 0.004
"""Seconds; Meta-World has 0.0025. 5 of them make an env step of 20 ms."""

_OBJECTS: Final = {"drawer": "drawer", "faucet": "faucet", "machine": "coffeemachine", "mug": "mug"}
_DEPENDENCIES: Final = {"drawer": "drawer", "faucet": "faucet", "machine": "coffeemachine", "mug": "coffeemachine"}
_SCALES: Final = {"machine": MACHINE_SCALE, "mug": MUG_SCALE}
_MATERIALS: Final = {
    "drawer": ("drawer_drawer_beige",),
    "drawer_handle": ("drawer_drawer_white",),
    "faucet": ("faucet_faucet_metal",),
    "faucet_handle": ("faucet_faucet_red",),
    "machine": ("machine_cmred",),
    "machine_trim": ("machine_cmblack", "machine_cmgrey"),
    "mug": ("mug_cmwhite",),
}


def assets_root() -> Path:
    """Return the asset folder of the installed ``metaworld`` package, without importing it.

    Raises:
        MissingDependencyError: ``metaworld`` is not installed.
    """
    spec = importlib.util.find_spec("metaworld")
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            "the table-top needs the asset files of metaworld, which is not installed: pip install 'a2r-gym[metaworld]'"
        )
    return Path(spec.origin).parent / "assets"


def _object_spec(name: str, assets: Path) -> mujoco.MjSpec:
    """Load one object's own asset file under a body called ``root``."""
    joint = "<freejoint name='free'/>" if name == "mug" else ""
    directory = assets / "sawyer_xyz"
    spec = mujoco.MjSpec.from_string(
        f"""<mujoco><compiler meshdir="{directory}" texturedir="{directory}"/>
        <include file="{assets}/objects/assets/{_DEPENDENCIES[name]}_dependencies.xml"/>
        <worldbody><body name="root">{joint}<include file="{assets}/objects/assets/{_OBJECTS[name]}.xml"/></body>
        </worldbody></mujoco>"""
    )
    used = {geom.meshname for geom in spec.geoms if geom.meshname}
    for mesh in [mesh for mesh in spec.meshes if mesh.name not in used]:
        mesh.delete()
    scale = _SCALES.get(name, 1.0)
    if scale != 1.0:
        _scale_spec(spec, scale)
    return spec


def _scale_spec(spec: mujoco.MjSpec, scale: float) -> None:
    """Multiply every length of an object's spec by ``scale``; masses given in the file stay."""
    for mesh in spec.meshes:
        mesh.scale = np.asarray(mesh.scale) * scale
    for body in spec.bodies:
        body.pos = np.asarray(body.pos) * scale
    for geom in spec.geoms:
        geom.pos = np.asarray(geom.pos) * scale
        geom.size = np.asarray(geom.size) * scale
    for joint in spec.joints:
        joint.range = np.asarray(joint.range) * scale


def _robot_spec(assets: Path) -> mujoco.MjSpec:
    """Load table, floor and Sawyer with mocap control of the hand, as Meta-World's own scene files do."""
    directory = assets / "sawyer_xyz"
    spec = mujoco.MjSpec.from_string(
        f"""<mujoco><compiler meshdir="{directory}" texturedir="{directory}"/>
        <include file="{assets}/scene/basic_scene.xml"/>
        <include file="{assets}/objects/assets/xyz_base_dependencies.xml"/>
        <worldbody><include file="{assets}/objects/assets/xyz_base.xml"/></worldbody>
        <actuator>
            <position ctrlrange="0 0.04" ctrllimited="true" joint="r_close" kp="20000" forcerange="-400 400"/>
            <position ctrlrange="-0.03 0" ctrllimited="true" joint="l_close" kp="20000" forcerange="-400 400"/>
        </actuator>
        <equality><weld body1="mocap" body2="hand" solref="0.02 1"/></equality></mujoco>"""
    )
    spec.option.timestep = TIMESTEP
    weld = spec.equalities[0]
    weld.data = np.array([0.0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5])  # Meta-World's: no offset, torque scale 5
    weld.solimp = np.array([0.99, 0.995, 0.001, 0.5, 2.0])
    # Meta-World's narrow limit of this joint, and the arm's weight, pull the hand up to 5 cm off its command.
    spec.joint("right_j1").range = np.array([-3.8, 2.27])  # the real Sawyer's
    for body in spec.bodies:
        body.gravcomp = 1.0
    return spec


def compose_spec() -> mujoco.MjSpec:
    """Compose table, robot and the four objects.

    The retaining wall of Meta-World's table is left out: the camera faces the robot, and the wall would stand in
    front of the objects. Sites (markers) are made invisible.

    Returns:
        The spec, its objects at the origin; `apply_scene` puts them in their places.
    """
    assets = assets_root()
    spec = _robot_spec(assets)
    for camera in list(spec.cameras):
        camera.delete()
    spec.detach_body(spec.body("RetainingWall"))
    for name in _OBJECTS:
        frame = spec.worldbody.add_frame()
        frame.attach_body(_object_spec(name, assets).body("root"), f"{name}_", "")
    _calm_objects(spec)
    for site in spec.sites:
        site.rgba = np.zeros(4)
    for name in CAMERAS:
        spec.worldbody.add_camera(name=name)
    for name in ("table", "floor"):
        side = TEXTURE_SIZE
        spec.add_texture(
            name=f"a2r_{name}", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
            width=side, height=side,
        )  # fmt: skip
        spec.add_material(name=f"a2r_{name}").textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = f"a2r_{name}"
    for geom in spec.geoms:
        if geom.material in ("table_wood", "basic_floor"):
            geom.material = "a2r_table" if geom.material == "table_wood" else "a2r_floor"
    return spec


def _calm_objects(spec: mujoco.MjSpec) -> None:
    """Let objects stay where the hand leaves them: as their files have it, a drawer glides on and a mug tips over."""
    spec.joint("faucet_knob_Joint_1").frictionloss = 0.05
    drawer = spec.joint("drawer_goal_slidey")
    drawer.damping, drawer.frictionloss = 12.0, 1.0
    spec.joint("mug_free").damping = 0.02  # next to nothing for its sliding, much for its tipping
    for geom in spec.body("tablelink").geoms:
        if geom.conaffinity:  # a cylinder touches a box in one point and creeps; a plane carries it on four
            geom.pos = np.asarray(geom.pos) + np.array([0.0, 0.0, geom.size[2]])
            geom.type, geom.size = mujoco.mjtGeom.mjGEOM_PLANE, np.array([0.0, 0.0, 0.01])
    mug = spec.body("mug_mug")
    mug.ipos = np.array([*mug.ipos[:2], 0.02])
    for geom in mug.geoms:
        geom.priority, geom.friction = 1, np.array([0.5, 0.005, 0.0001])


@functools.lru_cache(maxsize=1)
def base_model() -> mujoco.MjModel:
    """Return the compiled model of this process; copy it before you write into it."""
    return compose_spec().compile()


def scene_model(params: SceneParams, base: mujoco.MjModel | None = None) -> mujoco.MjModel:
    """Return a model with the scene's numbers in it.

    Args:
        params: The scene.
        base: A compiled model of the same composition, for example the render-only twin; `base_model` if None.
    """
    model = copy.copy(base_model() if base is None else base)
    apply_scene(model, params)
    return model


def object_quat(heading: float) -> NDArray[np.float64]:
    """Return the quaternion (4,) wxyz of an object that faces a camera of azimuth ``heading`` (degrees)."""
    angle = np.radians(180.0 - heading)
    return np.array([np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)])


def apply_scene(model: mujoco.MjModel, params: SceneParams) -> None:
    """Write places, colours, textures, lights and cameras of a scene into a model.

    Args:
        model: A model compiled from `compose_spec`, or its render-only twin; changed in place.
        params: The scene.
    """
    for name in ("drawer", "faucet", "machine"):
        pose = getattr(params, name)
        body = model.body(f"{name}_root")
        body.pos[:] = (pose.x, pose.y, 0.0)
        body.quat[:] = object_quat(pose.heading)
    start = int(model.joint("mug_free").qposadr[0])
    model.qpos0[start : start + 7] = (params.mug.x, params.mug.y, 0.0, *object_quat(params.mug.heading))
    _apply_colours(model, params)
    _apply_camera(model, params)


def _apply_colours(model: mujoco.MjModel, params: SceneParams) -> None:
    for part, names in _MATERIALS.items():
        for name in names:
            model.material(name).rgba[:3] = getattr(params.colours, part)
    robot = np.flatnonzero(np.all(np.isclose(base_model().geom_rgba[:, :3], (0.5, 0.1, 0.1)), axis=1))
    model.geom_rgba[robot, :3] = params.colours.robot
    for name in ("table", "floor"):
        texture: TextureParams = getattr(params, name)
        _set_texture(model, f"a2r_{name}", texture_pixels(texture))
        model.material(f"a2r_{name}").texrepeat[:] = texture.repeat
    sky = int(np.flatnonzero(model.tex_type == mujoco.mjtTexture.mjTEXTURE_SKYBOX)[0])
    _write_texels(model, sky, np.round(np.array(params.colours.sky) * 255).astype(np.uint8))
    model.vis.headlight.ambient[:] = params.lights.ambient
    model.vis.headlight.diffuse[:] = params.lights.headlight
    for index in range(model.nlight):
        model.light_diffuse[index] = params.lights.diffuse[index % len(params.lights.diffuse)]
        turn = np.radians(params.lights.turn)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        model.light_dir[index, :2] = rotation @ base_model().light_dir[index, :2]


def _apply_camera(model: mujoco.MjModel, params: SceneParams) -> None:
    """Place both cameras; MuJoCo's camera looks along its own -z, with +x to the right of the picture."""
    for name, factor in zip(CAMERAS, (1.0, OVERVIEW_FACTOR), strict=True):
        camera = model.camera(name)
        position, rotation = params.camera.pose(factor)
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, rotation.ravel())
        camera.pos[:], camera.quat[:] = position, quat
        camera.fovy[:] = params.camera.fovy
        # the body-frame copies of pos and quat that mj_camlight reads for tracking cameras
        model.cam_pos0[camera.id], model.cam_mat0[camera.id] = position, rotation.ravel()


def _set_texture(model: mujoco.MjModel, name: str, pixels: NDArray[np.uint8]) -> None:
    _write_texels(model, int(model.texture(name).id), pixels.reshape(-1, 3))


def _write_texels(model: mujoco.MjModel, index: int, texels: NDArray[np.uint8]) -> None:
    start = int(model.tex_adr[index])
    count = int(model.tex_width[index] * model.tex_height[index])
    model.tex_data[start : start + 3 * count] = np.broadcast_to(texels, (count, 3)).ravel()


@functools.lru_cache(maxsize=64)
def texture_pixels(texture: TextureParams) -> NDArray[np.uint8]:
    """Return a texture's pixels.

    Args:
        texture: Its data.

    Returns:
        uint8 (`TEXTURE_SIZE`, `TEXTURE_SIZE`, 3).
    """
    size = TEXTURE_SIZE
    first, second = np.array(texture.first), np.array(texture.second)
    if texture.pattern.endswith(".png"):
        blend = _file_pixels(texture.pattern).astype(np.float64) / 255.0
        return _bytes(blend * first)
    if texture.pattern == "plain":
        weight = np.zeros((size, size))
    elif texture.pattern == "checker":
        cells = np.arange(size) // (size // 8)
        weight = ((cells[:, None] + cells[None, :]) % 2).astype(np.float64)
    elif texture.pattern == "stripes":
        weight = np.broadcast_to(0.5 + 0.5 * np.sin(np.arange(size) * 2 * np.pi * 8 / size), (size, size))
    else:  # "noise"
        weight = _smooth_noise(size, texture.seed)
    pixels = first + (second - first) * weight[..., None]
    return _bytes(pixels)


def _bytes(colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return colours in [0, 1] as bytes."""
    return np.asarray(np.round(np.clip(colours, 0, 1) * 255), dtype=np.uint8)


def _smooth_noise(size: int, seed: int) -> NDArray[np.float64]:
    """Sum noise of three scales that tiles without a seam, scaled to 0..1."""
    rng = np.random.default_rng(seed)
    frequencies = np.fft.fftfreq(size)[:, None] ** 2 + np.fft.fftfreq(size)[None, :] ** 2
    spectrum = np.fft.fft2(rng.standard_normal((size, size)))
    noise = np.real(np.fft.ifft2(spectrum / (frequencies + 4.0 / size**2) ** 0.75))
    low, high = np.percentile(noise, [2, 98])
    return np.asarray(np.clip((noise - low) / (high - low), 0.0, 1.0))


@functools.lru_cache(maxsize=16)
def _file_pixels(name: str) -> NDArray[np.uint8]:
    """Read a texture file of Meta-World with MuJoCo's own decoder, sampled to `TEXTURE_SIZE`."""
    spec = mujoco.MjSpec()
    spec.add_texture(name="t", type=mujoco.mjtTexture.mjTEXTURE_2D, file=str(assets_root() / "textures" / name))
    spec.add_material(name="m").textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "t"
    model = spec.compile()
    height, width = int(model.tex_height[0]), int(model.tex_width[0])
    pixels = model.tex_data.reshape(height, width, -1)[..., :3]
    rows = np.arange(TEXTURE_SIZE) * height // TEXTURE_SIZE
    columns = np.arange(TEXTURE_SIZE) * width // TEXTURE_SIZE
    return np.ascontiguousarray(pixels[rows][:, columns])
