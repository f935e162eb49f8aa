"""The model card that a checkpoint carries."""

from __future__ import annotations

import numpy as np

from a2r_gym.models.adapt2reward import ModelConfig
from a2r_gym.models.backbones import DEFAULT_BACKBONE
from a2r_gym.models.checkpoint import CheckpointMeta
from a2r_train.data.clips import ClipSet

__all__ = ["model_card"]


def model_card(name: str, clips: ClipSet, config: ModelConfig, meta: CheckpointMeta) -> str:
    """Write the card of a freshly trained model; the metrics come from ``a2r evaluate``.

    Args:
        name: Of the model.
        clips: Its training clips.
        config: Of the network.
        meta: Of the checkpoint.

    Returns:
        Markdown.
    """
    families = clips.family.astype(str)
    lines = []
    for family in np.unique(families).tolist():
        mine = families == family
        tasks, scenes = (len(np.unique(values[mine].astype(str))) for values in (clips.task, clips.scene))
        lines.append(f"| {family} | {tasks} | {scenes} | {int(mine.sum())} |")
    return f"""# {name}

A video-language reward model of a2r-gym: frames and a sentence in, similarity and
calibrated probability of success out.

- Method: Adapt2Reward (ECCV 2024, arXiv 2407.14872) on {_image(config)},
  pooled frame by frame, a {config.depth}-layer temporal transformer, and {_text(config)} with low-rank changes.
- Failure prompts: {_failures(config, meta)}
- Recipe: `{meta.recipe}`; pictures: render preset `{meta.render_preset}`, {config.num_frames} frames of an episode.
- Calibration: sigmoid({meta.calibration.slope:.2f} * similarity {meta.calibration.intercept:+.2f}), on held-out clips.
- Human videos: none. The cross-domain loss was off.

## Training data (collected in simulation by scripted controllers)

| family | tasks | scenes | clips |
| --- | --- | --- | --- |
{chr(10).join(lines)}

## Limits

Simulated robots only, short tasks, one camera a scene. Where only a marker shows the target the score is weaker; the
metrics tell those tasks apart. A calibrated probability holds for scenes like those of training.
"""


def _image(config: ModelConfig) -> str:
    if config.backbone == DEFAULT_BACKBONE:
        return "small towers: a frozen EfficientNet-Lite0 trunk (ImageNet)"
    return f"the frozen image trunk of `{config.backbone}`"


def _text(config: ModelConfig) -> str:
    return "all-MiniLM-L6-v2" if config.backbone == DEFAULT_BACKBONE else "the backbone's text tower"


def _failures(config: ModelConfig, meta: CheckpointMeta) -> str:
    """Tell how many failure modes the tasks have, and what the run has found out about them."""
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
