"""A released checkpoint loads whole or is refused; the similarity is that of its paper."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from a2r_gym.errors import WeightsError
from a2r_gym.models.backbones import load_backbone, singularity
from a2r_gym.models.backbones.bert import load_tokenizer
from a2r_gym.models.backbones.singularity import TEST_FRAMES, read_singularity, zero_shot
from a2r_gym.models.window import spread
from a2r_gym.protocols import RewardModel
from tests.models.backbones.runtimes import assert_runtimes_agree
from tests.models.backbones.tiny_singularity import (
    GRID,
    HEADS,
    JOINT,
    PATCH,
    WIDTH,
    released_shapes,
    singularity_state,
)

SENTENCES = ["close the drawer", "push the mug from the left side of the table to the right side"]


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return singularity_state()


@pytest.fixture(scope="module")
def path(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the checkpoint as the released code does, its configuration object included."""
    place = tmp_path_factory.mktemp("singularity") / "ret.pth"
    torch.save({"model": state, "config": Namespace(vit_type="beit", image_res=224), "epoch": 9}, place)
    return place


@pytest.fixture(scope="module")
def model(path: Path) -> singularity.Singularity:
    return read_singularity(path)


def _pictures(count: int = 2) -> Tensor:
    return torch.randn(count, 3, GRID * PATCH, GRID * PATCH, generator=torch.Generator().manual_seed(0))


def _beit(state: dict[str, Tensor], pictures: Tensor) -> Tensor:
    """Compute BEiT's last tokens from the checkpoint's own names, in plain torch."""

    def norm(x: Tensor, name: str) -> Tensor:
        return nn.functional.layer_norm(x, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"], 1e-12)

    def linear(x: Tensor, name: str) -> Tensor:
        return nn.functional.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))

    def heads(x: Tensor) -> Tensor:
        return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)

    root = "vision_encoder.embeddings"
    projection = f"{root}.patch_embeddings.projection"
    patches = nn.functional.conv2d(pictures, state[f"{projection}.weight"], state[f"{projection}.bias"], stride=PATCH)
    x = torch.cat([state[f"{root}.cls_token"].expand(len(pictures), -1, -1), patches.flatten(2).transpose(1, 2)], 1)
    places = [(row, column) for row in range(GRID) for column in range(GRID)]
    side = 2 * GRID - 1
    index = torch.full((GRID**2 + 1, GRID**2 + 1), side**2)  # class token to all
    index[:, 0] = side**2 + 1  # all to class token
    index[0, 0] = side**2 + 2
    for i, (row, column) in enumerate(places):
        for j, (other_row, other_column) in enumerate(places):
            index[i + 1, j + 1] = (row - other_row + GRID - 1) * side + column - other_column + GRID - 1
    for layer in range(2):
        name = f"vision_encoder.encoder.layer.{layer}"
        attention = f"{name}.attention.attention"
        y = norm(x, f"{name}.layernorm_before")
        query, key, value = (heads(linear(y, f"{attention}.{part}")) for part in ("query", "key", "value"))
        bias = state[f"{attention}.relative_position_bias.relative_position_bias_table"][index].permute(2, 0, 1)
        weights = (query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + bias).softmax(-1)
        mixed = (weights @ value).transpose(1, 2).flatten(2)
        x = x + state[f"{name}.lambda_1"] * linear(mixed, f"{name}.attention.output.dense")
        y = nn.functional.gelu(linear(norm(x, f"{name}.layernorm_after"), f"{name}.intermediate.dense"))
        x = x + state[f"{name}.lambda_2"] * linear(y, f"{name}.output.dense")
    return x


def _bert_first_layers(state: dict[str, Tensor], sentence: str) -> Tensor:
    """Compute the text encoder's [CLS] from the checkpoint's own names, in plain torch; one head, as 32 wide."""
    ids = load_tokenizer()([sentence], return_tensors="pt")["input_ids"]
    root = "text_encoder.bert"

    def norm(x: Tensor, name: str) -> Tensor:
        return nn.functional.layer_norm(x, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"], 1e-12)

    def linear(x: Tensor, name: str) -> Tensor:
        return nn.functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    embeddings = f"{root}.embeddings"
    x = state[f"{embeddings}.word_embeddings.weight"][ids] + state[f"{embeddings}.token_type_embeddings.weight"][0]
    x = norm(x + state[f"{embeddings}.position_embeddings.weight"][: ids.shape[1]], f"{embeddings}.LayerNorm")
    for layer in range(2):
        name = f"{root}.encoder.layer.{layer}"
        query, key, value = (linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        mixed = (query @ key.transpose(1, 2) / math.sqrt(WIDTH)).softmax(-1) @ value
        x = norm(x + linear(mixed, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
        y = nn.functional.gelu(linear(x, f"{name}.intermediate.dense"))
        x = norm(x + linear(y, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return x[0, 0]


class TestReleasedNames:
    def test_all_that_matters_of_the_released_checkpoint_finds_its_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with torch.device("meta"):  # names and shapes alone
            released = {name: torch.empty(shape) for name, shape in released_shapes().items()}
            monkeypatch.setattr(singularity, "read_tensors", lambda _: released)
            model = read_singularity(Path("released.pth"))
        count = sum(parameter.numel() for parameter in model.parameters())
        unused = ("layer.9.", "layer.10.", "layer.11.")
        mine = sum(
            value.numel() for name, value in released.items()
            if not name.startswith(("text_encoder.cls", "itm_head", "temp"))
            and not name.endswith(("relative_position_index", "position_ids"))
            and not (name.startswith("text_encoder") and any(layer in name for layer in unused))
        )  # fmt: skip
        over_time = sum(value.numel() for name, value in released.items() if name.startswith("temporal"))
        assert count == mine + over_time
        assert model.image_size == 224
        assert (len(model.vision.layers), model.vision.config.num_attention_heads) == (12, 12)
        assert (len(model.bert.encoder.layer), model.bert.config.num_attention_heads) == (9, 12)
        assert len(model.temporal.encoder.layer) == 2
        assert model.vision_proj.out_features == model.text_proj.out_features == 256

    def test_without_a_temporal_encoder_there_are_no_layers_over_time(
        self, state: dict[str, Tensor], tmp_path: Path
    ) -> None:
        torch.save({name: value for name, value in state.items() if "temporal_vision" not in name}, tmp_path / "x.pth")
        assert len(read_singularity(tmp_path / "x.pth").temporal.encoder.layer) == 0

    def test_a_fine_tuned_checkpoint_without_the_head_for_words_loads(
        self, state: dict[str, Tensor], tmp_path: Path, model: singularity.Singularity
    ) -> None:
        plain = {name.replace("text_encoder.bert.", "text_encoder."): value for name, value in state.items()}
        torch.save({name: value for name, value in plain.items() if ".cls." not in name}, tmp_path / "x.pth")
        found = read_singularity(tmp_path / "x.pth").state_dict()
        assert all(torch.equal(value, found[name]) for name, value in model.state_dict().items())

    @pytest.mark.parametrize(
        "name", ["vision_layernorm.weight", "text_encoder.bert.encoder.layer.1.output.dense.bias", "vision_proj.bias"]
    )
    def test_a_missing_tensor_is_named(self, state: dict[str, Tensor], tmp_path: Path, name: str) -> None:
        torch.save({key: value for key, value in state.items() if key != name}, tmp_path / "x.pth")
        with pytest.raises(WeightsError, match=r"does not fit Singularity: missing \['"):
            read_singularity(tmp_path / "x.pth")

    @pytest.mark.parametrize(
        "name", ["vision_encoder.layernorm.weight", "text_encoder.bert.encoder.layer.1.extra", "video_proj.weight"]
    )
    def test_a_tensor_that_is_left_over_and_matters_is_named(
        self, state: dict[str, Tensor], tmp_path: Path, name: str
    ) -> None:
        torch.save({**state, name: torch.zeros(3)}, tmp_path / "x.pth")
        with pytest.raises(WeightsError, match=rf"left over \['[a-z_.0-9]*{name.rpartition('.')[2]}'\]"):
            read_singularity(tmp_path / "x.pth")

    def test_a_tensor_of_another_shape_is_named(self, state: dict[str, Tensor], tmp_path: Path) -> None:
        torch.save({**state, "text_proj.weight": torch.zeros(JOINT + 1, WIDTH)}, tmp_path / "x.pth")
        with pytest.raises(WeightsError, match=r"of another shape \['text_proj\.weight'\]"):
            read_singularity(tmp_path / "x.pth")

    def test_another_models_checkpoint_is_told_apart(self, tmp_path: Path) -> None:
        torch.save({"visual.conv1.weight": torch.zeros(2)}, tmp_path / "x.pth")
        with pytest.raises(WeightsError, match="is no Singularity checkpoint with BEiT"):
            read_singularity(tmp_path / "x.pth")

    def test_a_missing_file_says_where_to_get_it(self) -> None:
        with pytest.raises(WeightsError, match=r"no nowhere\.pth\. .*github\.com/jayleicn/singularity"):
            load_backbone("singularity:nowhere.pth")


class TestBackbone:
    def test_the_map_is_the_normalised_tokens_of_the_patches(self, path: Path, state: dict[str, Tensor]) -> None:
        backbone = load_backbone(f"singularity:{path}")
        assert (backbone.channels, backbone.grid, backbone.image_size) == (WIDTH, GRID, GRID * PATCH)
        tokens = nn.functional.layer_norm(
            _beit(state, _pictures()), (WIDTH,), state["vision_layernorm.weight"], state["vision_layernorm.bias"], 1e-12
        )
        with torch.inference_mode():
            found = backbone.image(_pictures())
        for place in range(GRID**2):
            expected = tokens[:, 1 + place]
            torch.testing.assert_close(found[:, :, place // GRID, place % GRID], expected, atol=1e-4, rtol=1e-4)

    def test_the_text_is_cls_after_the_layers_before_the_cross_modal_ones(
        self, path: Path, state: dict[str, Tensor]
    ) -> None:
        backbone = load_backbone(f"singularity:{path}")
        with torch.inference_mode():
            found = backbone.text(SENTENCES)
        for row, sentence in zip(found, SENTENCES, strict=True):  # a longer neighbour changes nothing, either
            torch.testing.assert_close(row, _bert_first_layers(state, sentence), atol=1e-4, rtol=1e-4)

    def test_prompts_change_the_text_and_learn(self, path: Path) -> None:
        text = load_backbone(f"singularity:{path}").text
        prompts = torch.randn(2, 3, WIDTH, generator=torch.Generator().manual_seed(0)).requires_grad_()
        changed = text(SENTENCES, prompts)
        assert (changed - text(SENTENCES)).abs().max() > 1e-2
        changed.sum().backward()
        assert prompts.grad is not None
        assert prompts.grad.abs().sum() > 0

    def test_only_low_rank_changes_of_the_text_are_trained(self, path: Path) -> None:
        backbone = load_backbone(f"singularity:{path}")
        assert not any(value.requires_grad for value in backbone.image.parameters())
        trained = [name for name, value in backbone.text.named_parameters() if value.requires_grad]
        assert len(trained) == 2 * 3 * 2
        assert all("parametrizations.weight.0" in name for name in trained)

    def test_pictures_are_normalised_around_a_half(self, path: Path) -> None:
        frames = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 4, 4, 3)
        normal = load_backbone(f"singularity:{path}").normalise(frames)
        assert [part.unique().tolist() for part in normal] == [[-1.0], [1.0]]

    def test_openvino_encodes_the_same_maps(self, path: Path) -> None:
        assert_runtimes_agree(load_backbone(f"singularity:{path}"))

    def test_another_vocabulary_is_refused(self, state: dict[str, Tensor], tmp_path: Path) -> None:
        name = "text_encoder.bert.embeddings.word_embeddings.weight"
        torch.save({**state, name: state[name][:100].clone()}, tmp_path / "x.pth")
        with pytest.raises(WeightsError, match="knows 100 words"):
            load_backbone(f"singularity:{tmp_path / 'x.pth'}")


class TestZeroShot:
    def test_the_similarity_is_the_mean_over_frames_of_normalised_dot_products(
        self, path: Path, state: dict[str, Tensor]
    ) -> None:
        size = GRID * PATCH
        video = np.random.default_rng(0).integers(0, 256, (9, size, size, 3), dtype=np.uint8)
        scorer = zero_shot(str(path), runtime="torch")
        assert isinstance(scorer, RewardModel)
        seen = video[spread(len(video), TEST_FRAMES)]
        pictures = (torch.from_numpy(seen).float() / 255 - 0.5).permute(0, 3, 1, 2) / 0.5
        pooler = "vision_encoder.pooler.layernorm"
        pooled = nn.functional.layer_norm(
            _beit(state, pictures)[:, 1:].mean(1), (WIDTH,), state[f"{pooler}.weight"], state[f"{pooler}.bias"], 1e-12
        )
        frames = pooled @ state["vision_proj.weight"].T + state["vision_proj.bias"]
        for sentence in SENTENCES:
            text = _bert_first_layers(state, sentence) @ state["text_proj.weight"].T + state["text_proj.bias"]
            expected = nn.functional.cosine_similarity(frames, text[None]).mean().item()
            assert scorer.score([video], [sentence]).similarity[0] == pytest.approx(expected, abs=1e-5)


class TestTemporalEncoder:
    def test_places_do_not_see_each_other_and_frames_do(self, model: singularity.Singularity) -> None:
        tokens = torch.randn(2, 4, 5, WIDTH, generator=torch.Generator().manual_seed(0))
        changed = tokens.clone()
        changed[0, 2, 3, 0] += 1.0
        with torch.inference_mode():
            difference = (model.temporal(changed) - model.temporal(tokens)).abs().amax(-1) > 1e-5
        expected = torch.zeros(2, 4, 5, dtype=torch.bool)
        expected[0, :, 3] = True
        assert torch.equal(difference, expected)

    def test_a_single_frame_gets_its_embedding_only(self, model: singularity.Singularity) -> None:
        tokens = torch.randn(2, 1, 5, WIDTH, generator=torch.Generator().manual_seed(0))
        embedding = model.temporal.embeddings_1T1C[:, :1]
        torch.testing.assert_close(model.temporal(tokens), tokens + embedding)

    def test_embeddings_of_more_frames_are_interpolated(self, model: singularity.Singularity) -> None:
        encoder = singularity.TemporalEncoder(model.temporal.encoder.config, 4)
        encoder.encoder.layer = encoder.encoder.layer[:0]
        encoder.embeddings_1T1C.data = torch.arange(4.0).view(1, 4, 1, 1).expand(1, 4, 1, WIDTH)
        added = encoder(torch.zeros(1, 8, 1, WIDTH))[0, :, 0, 0]
        assert added.tolist() == [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]
