"""IPMix as a transform: one picture in, one copy out, of the kind that went in."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ipmix_cli import IPMix
from ipmix_cli.errors import UsageError

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


def test_each_kind_gives_its_own_kind_and_the_same_copy(bank: Path) -> None:
    torch = pytest.importorskip("torch")
    augment = pickle.loads(pickle.dumps(IPMix("cifar", mixing=bank)))
    expected = augment(PICTURE, seed=7)
    assert expected.shape == PICTURE.shape
    assert not np.array_equal(expected, PICTURE)
    image = augment(Image.fromarray(PICTURE), seed=7)
    assert np.array_equal(np.asarray(image), expected)
    tensor = augment(torch.from_numpy(PICTURE).movedim(-1, 0), seed=7)
    assert np.array_equal(tensor.movedim(0, -1).numpy(), expected)


def test_torch_s_seed_decides(bank: Path) -> None:
    torch = pytest.importorskip("torch")
    augment = IPMix("cifar", mixing=bank)

    def drawn(seed: int) -> list[bytes]:
        torch.manual_seed(seed)
        return [augment(PICTURE).tobytes() for _ in range(4)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(set(drawn(1))) > 1


def test_it_works_inside_a_compose(bank: Path) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    chain = transforms.Compose([transforms.RandomCrop(32, 4), IPMix("cifar", mixing=bank), transforms.ToTensor()])
    assert chain(Image.fromarray(PICTURE)).shape == (3, 32, 32)


def test_without_mixing_pictures_it_says_what_to_do() -> None:
    with pytest.raises(UsageError, match="mixing"):
        IPMix("cifar")(PICTURE)


def test_floats_are_refused(bank: Path) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(UsageError, match="uint8"):
        IPMix("cifar", mixing=bank)(torch.zeros(3, 32, 32))
