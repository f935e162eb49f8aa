"""The model card that a checkpoint carries."""

from __future__ import annotations

from typing import Final

import numpy as np

from a2r_gym.models.backbones import DEFAULT_BACKBONE
from a2r_gym.models.calibration import Calibration
from a2r_gym.models.checkpoint import CheckpointMeta
from a2r_gym.models.reward_network import NetworkConfig, RewardNetwork
from a2r_train.data.clips import ClipSet

__all__ = ["CALIBRATION", "calibration_line", "model_card"]

CALIBRATION: Final = "- Calibration:"

_SOURCES: Final = {
    "adapt2reward": "Adapt2Reward (ECCV 2024, arXiv 2407.14872)",
    "dvd": "DVD (Chen et al. 2021, arXiv 2103.16817), a baseline,",
    "liv": "LIV (Ma et al. 2023, arXiv 2306.00958), a baseline,",
    "concept2robot": "Concept2Robot (Shao et al. 2020), a baseline,",
    "roboclip": "RoboCLIP's objective (Sontakke et al. 2023, arXiv 2310.07899), a baseline,",
}


def model_card(name: str, clips: ClipSet, network: RewardNetwork, meta: CheckpointMeta) -> str:
    """Write the card of a freshly trained model; the metrics come from ``a2r evaluate``.

    Args:
        name: Of the model.
        clips: Its training clips.
        network: The network.
        meta: Of the checkpoint.

    Returns:
        Markdown.
    """
    config = network.config
    families = clips.family.astype(str)
    lines = []
    for family in np.unique(families).tolist():
        mine = families == family
        tasks, scenes = (len(np.unique(values[mine].astype(str))) for values in (clips.task, clips.scene))
        lines.append(f"| {family} | {tasks} | {scenes} | {int(mine.sum())} |")
    return f"""# {name}

A video-language reward model of a2r-gym: frames and a sentence in, similarity and
calibrated probability of success out.

- Method: {_SOURCES[network.method]} on {_image(config)},
  {_reading(network)}, and {_text(config)}{_adapted(network)}.
- Failure prompts: {_failures(config, meta)}
- Recipe: `{meta.recipe}`; pictures: render preset `{meta.render_preset}`, {config.num_frames} frames of an episode.
{calibration_line(meta.calibration)}
- Human videos: {_people(network, meta)}

## Training data (collected in simulation by scripted controllers)

| family | tasks | scenes | clips |
| --- | --- | --- | --- |
{chr(10).join(lines)}

## Limits

Simulated robots only, short tasks, one camera a scene. Where only a marker shows the target the score is weaker; the
metrics tell those tasks apart. A calibrated probability holds for scenes like those of training.
"""


def calibration_line(calibration: Calibration) -> str:
    """Tell how a probability of success comes about; the line begins with `CALIBRATION`."""
    if calibration.with_margin is None:
        told = f"{calibration.slope:.2f} * similarity {calibration.intercept:+.2f}"
    else:
        slope, margin_slope, intercept = calibration.with_margin
        told = f"{slope:.2f} * similarity {margin_slope:+.2f} * margin {intercept:+.2f}"
    return f"{CALIBRATION} sigmoid({told}), on held-out clips."


def _image(config: NetworkConfig) -> str:
    if config.backbone == DEFAULT_BACKBONE:
        return "small towers: a frozen EfficientNet-Lite0 trunk (ImageNet)"
    return f"the frozen image trunk of `{config.backbone}`"


def _text(config: NetworkConfig) -> str:
    return "all-MiniLM-L6-v2" if config.backbone == DEFAULT_BACKBONE else "the backbone's text tower"


def _reading(network: RewardNetwork) -> str:
    """Tell how frames become what is compared."""
    if network.method == "liv":
        return "read frame by frame"
    return f"pooled frame by frame, a {network.config.depth}-layer temporal transformer"


def _adapted(network: RewardNetwork) -> str:
    trained = any(name.startswith("text.") for name in network.trained_names)
    return " with low-rank changes" if trained else ", as it is, to find the task of a sentence that is not known"


def _people(network: RewardNetwork, meta: CheckpointMeta) -> str:
    clips, source = meta.provenance.get("human_clips"), meta.provenance.get("human_source")
    if clips:
        return f"{clips} of {source}."
    return "none. The cross-domain loss was off." if network.method == "adapt2reward" else "none to train on."


def _failures(config: NetworkConfig, meta: CheckpointMeta) -> str:
    """Tell how many failure modes the tasks have, and what the run has found out about them."""
    if not config.num_failure_modes:
        return "none."
    least, most = min(config.mode_counts), max(config.mode_counts)
    told = f"{most if least == most else f'{least} to {most}'} for each of {len(config.tasks)} training tasks."
    found = meta.provenance.get("failure_modes", {})
    if found.get("labels_equal") is not None:
        told += f" {found['labels_equal']:.1%} of the clips' modes are the same in the last two epochs."
    if found.get("source_information") is not None:
        told += (
            f"\n  Normalised mutual information between modes and what the clips' controllers set out to do: "
            f"{found['source_information']:.2f}."
        )
    return told
