"""Train a small network from shards on the CPU, without and with the Jensen-Shannon consistency loss.

First make the shards, then train on them and test on the pictures that were held back::

    ipmix augment --in cifar10 --data-dir data --copies 4 --out shards
    python examples/train_torch.py shards --test cifar10 --data-dir data

Without ``--test`` the last tenth of the shards' clean pictures is held back for the test.

Each sample comes as a triplet: the clean picture and two of its copies, which one crop and one flip are applied to
alike. Without the consistency loss, the network learns the label of one copy. With it, of the clean picture, and the
three predictions are held together: loss = cross entropy + 12 * JS(clean, copy, other copy), as in AugMix (Hendrycks et
al., 2020, section 3) and IPMix (Huang et al., 2023).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset

from ipmix_cli.reader import ShardDataset
from ipmix_cli.sources.readers import open_source
from ipmix_cli.sources.source import Sample, SourceSpec
from ipmix_cli.stages import StageClock

CONSISTENCY_WEIGHT = 12.0  # AugMix's for CIFAR
PADDING = 4  # pixels around a picture that crops may reach into, as is usual for CIFAR


class CropAndFlip:
    """Shift and perhaps mirror the pictures of one sample (V, H, W, 3), all of them alike."""

    def __init__(self) -> None:
        self._generator: np.random.Generator | None = None

    def __call__(self, views: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return all views after the same crop and flip."""
        if self._generator is None:  # torch gives every worker another seed in each epoch
            self._generator = np.random.default_rng(torch.initial_seed())
        _, height, width, _ = views.shape
        padded = np.pad(views, ((0, 0), (PADDING, PADDING), (PADDING, PADDING), (0, 0)))
        top, left = self._generator.integers(0, 2 * PADDING + 1, 2)
        cropped = padded[:, top : top + height, left : left + width]
        return np.ascontiguousarray(cropped[:, :, ::-1] if self._generator.random() < 0.5 else cropped)


def network(classes: int) -> nn.Sequential:
    """Return four convolutions and a linear layer, for pictures of any size from 16x16."""

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    pool = nn.MaxPool2d(2)
    layers = [*block(3, 32), pool, *block(32, 64), pool, *block(64, 128), pool, *block(128, 128)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))


def as_input(pictures: Tensor) -> Tensor:
    """Return uint8 pictures (B, H, W, 3) as a network takes them: (B, 3, H, W), about -1..1."""
    return pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def consistency(logits: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence between the predictions of each sample's views: logits (B, V, classes)."""
    predictions = logits.softmax(dim=-1)
    middle = predictions.mean(dim=1, keepdim=True).clamp(1e-7, 1).log()
    divergence = predictions * (predictions.clamp(1e-7, 1).log() - middle)
    return divergence.sum(dim=-1).mean()


def loss_of(model: nn.Module, triplets: Tensor, labels: Tensor, weight: float) -> Tensor:
    """Return the loss of a batch of triplets (B, 3, H, W, 3)."""
    if not weight:
        return functional.cross_entropy(model(as_input(triplets[:, 1])), labels)
    batch, views = triplets.shape[:2]
    logits = model(as_input(triplets.flatten(0, 1))).unflatten(0, (batch, views))
    return functional.cross_entropy(logits[:, 0], labels) + weight * consistency(logits)


def train(data: ShardDataset, chosen: range, options: argparse.Namespace, weight: float) -> nn.Module:
    """Train a new network on some samples of a data set of triplets."""
    torch.manual_seed(options.seed)
    model = network(len(data.class_names))
    optimiser = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=0.9, weight_decay=5e-4, nesterov=True)
    loader = DataLoader(
        Subset(data, chosen),
        options.batch,
        shuffle=True,
        num_workers=options.workers,
        drop_last=len(chosen) > options.batch,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, options.epochs * len(loader))
    for epoch in range(options.epochs):
        data.set_epoch(epoch)  # before the loader's iterator is made: other copies in every epoch
        start, total = time.perf_counter(), 0.0
        for triplets, labels in loader:
            loss = loss_of(model, triplets, labels, weight)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - start
        print(f"  epoch {epoch + 1} of {options.epochs}: loss {total / len(loader):.3f}, {seconds:.0f} s", flush=True)
    return model


def accuracy(model: nn.Module, batches: Iterator[tuple[Tensor, Tensor]]) -> float:
    """Return the share of pictures whose class the network names."""
    model.eval()
    right = count = 0
    with torch.no_grad():
        for pictures, labels in batches:
            right += int((model(as_input(pictures)).argmax(dim=1) == labels).sum())
            count += len(labels)
    return right / count


def test_batches(options: argparse.Namespace, held_back: range) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield clean pictures with their labels: those of another source, or those that were held back."""
    if options.test is None:
        clean = Subset(ShardDataset(options.folder, view="clean"), held_back)
        yield from DataLoader(clean, batch_size=500)
        return
    source = open_source(SourceSpec(input=options.test, data_dir=options.data_dir, split="test"))
    samples: list[Any] = list(source.part(0, len(source)).samples(StageClock()))
    good = [sample for sample in samples if isinstance(sample, Sample)]
    for start in range(0, len(good), 500):
        part = good[start : start + 500]
        pictures = torch.from_numpy(np.stack([sample.picture for sample in part]))
        yield pictures, torch.tensor([sample.label for sample in part])


def parsed() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a data set that `ipmix augment` made")
    parser.add_argument("--test", help="a source with a test split, such as cifar10")
    parser.add_argument("--data-dir", help="where that source is")
    parser.add_argument("--samples", type=int, default=10_000, help="train on the first N only")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=0, help="loader processes; on two cores none is fastest")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    options = parsed()
    data = ShardDataset(options.folder, view="triplet", seed=options.seed, transform=CropAndFlip())
    stop = len(data) if options.test else len(data) * 9 // 10
    chosen = range(min(options.samples or stop, stop))
    for name, weight in (("cross entropy on a copy", 0.0), ("with the consistency loss", CONSISTENCY_WEIGHT)):
        print(f"{name}: {len(chosen)} samples")
        model = train(data, chosen, options, weight)
        print(f"{name}: accuracy {accuracy(model, test_batches(options, range(stop, len(data)))):.1%}", flush=True)


if __name__ == "__main__":
    main()
