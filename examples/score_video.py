"""Score a video of your own against some sentences, and see where in the video it happens.

    python examples/score_video.py my_robot.mp4 --text "close the drawer" --text "open the drawer"

Without a video it records one first: a scripted policy that closes a drawer. On the command line ``a2r score`` does
the same with pictures and tables; this shows the calls behind it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gymnasium as gym
import imageio.v3 as imageio
import numpy as np

import a2r_gym
from a2r_gym.video_file import read_clip

ENV = "A2R-MetaWorld-drawer-close-v1"


def record(path: Path, seed: int, steps: int) -> None:
    """Write a video of the scripted policy; no reward is computed."""
    env = gym.make(ENV, reward_model="none")
    policy = a2r_gym.expert(ENV)
    observation, _ = env.reset(seed=seed)
    frames = [np.asarray(env.render())]
    for _ in range(steps):
        observation, _, _, _, info = env.step(policy(observation))
        frames.append(np.asarray(env.render()))
        if info["is_success"]:
            break
    env.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(path, np.stack(frames), plugin="pyav", codec="libx264", fps=20)


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path, nargs="?", help="a file, or a folder of numbered pictures")
    parser.add_argument("--text", action="append", help="a sentence; may be given several times")
    parser.add_argument("--reward-model", default="a2r-small", help="a bundled name or a checkpoint's folder")
    parser.add_argument("--steps", type=int, default=100, help="length of the recorded video, if none is given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/score_video"))
    args = parser.parse_args()

    video = args.video or args.out / "drawer.mp4"
    if args.video is None:
        record(video, args.seed, args.steps)
        print(f"recorded {video}")

    # 1. Frames, uint8 (T, H, W, 3). A long video is thinned; a file that was cut off is an error, not a short video.
    clip = read_clip(video, max_frames=64)
    print(f"{video}: {clip.num_frames} frames, {len(clip.frames)} of them scored")

    # 2. The whole video against every sentence, each video and sentence encoded once.
    model = a2r_gym.load_reward(args.reward_model)
    texts = args.text or ["close the drawer", "open the drawer", "turn the faucet to the left"]
    matrix = model.score_matrix([clip.frames], texts)
    for text, similarity, success in zip(texts, matrix.similarity[0], matrix.success[0], strict=True):
        print(f"  similarity {similarity:+.3f}  success {success:.2f}  {text}")

    # 3. The same after each frame, for the sentence that fits best: this is the reward an agent would have been given.
    best = texts[int(matrix.similarity[0].argmax())]
    curve = model.score_steps(clip.frames, best).success
    print(f'"{best}", success as the video goes on:')
    for place in np.linspace(0, len(curve) - 1, min(8, len(curve))).astype(int):
        print(f"  frame {clip.places[place]:4d}  {curve[place]:.2f}  {'#' * round(40 * curve[place])}")


if __name__ == "__main__":
    main()
