"""Train one network on the shards of one arm. All rng comes from the run's seed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.study.arms import CONSISTENCY, Arm
from benchmarks.study.networks import NETWORKS
from benchmarks.study.profiles import Profile
from ipmix_cli import ShardDataset

JSD_WEIGHT = 12.0  # of the consistency loss, as the README of the published code has it
PADDING = 4  # px around a picture before its random crop
WARM_UP = 0.2  # part of the steps


def trained(shards: Path, arm: Arm, profile: Profile, seed: int, device: str) -> tuple[nn.Module, dict[str, Any]]:
    """Return a trained network, and the record of its training: CPU seconds, loss of each epoch."""
    torch.manual_seed(seed)
    data = ShardDataset(shards, view="clean")
    network = NETWORKS[profile.network](len(data.classes)).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        network.parameters(), profile.learning_rate, momentum=0.9, weight_decay=profile.weight_decay, nesterov=True
    )
    steps = profile.epochs * (arm.pictures(len(data)) // profile.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    began, losses = time.process_time(), []
    for epoch in range(profile.epochs):
        total = 0.0
        for pictures, labels in _batches(shards, arm, profile, seed, epoch):
            with torch.autocast(torch.device(device).type, torch.bfloat16):
                loss = _loss(network, pictures.to(device), labels.to(device), arm)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        losses.append(round(total * profile.epochs / steps, 4))
    return network.cpu().eval(), {"cpu_seconds": round(time.process_time() - began), "losses": losses}


def _read(shards: Path, arm: Arm, epoch: int, seed: int) -> list[ShardDataset]:
    """Return the data sets whose pictures, one after the other, are the views of a sample in this epoch."""
    clean = ShardDataset(shards, view="clean")
    if not arm.method:
        return [clean] * (3 if arm.loss == CONSISTENCY else 1)
    if arm.copies is None:  # copies that no other epoch reads
        fresh = range(epoch * arm.views, (epoch + 1) * arm.views)
        return [clean] * (arm.views - 1) + [ShardDataset(shards, view="fixed", copy=copy) for copy in fresh]
    data = ShardDataset(shards, view="triplet" if arm.loss == CONSISTENCY else "random", seed=seed)
    data.set_epoch(epoch)
    return [data]


def _rate(done: float) -> float:
    """Return the learning rate over its peak when a part of the steps is done."""
    return done / WARM_UP if done < WARM_UP else 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _batches(shards: Path, arm: Arm, profile: Profile, seed: int, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (pictures (B, V, 3, H, W) in -1 .. 1, labels (B,)) in a new order; V is 3 for the consistency loss."""
    datasets = _read(shards, arm, epoch, seed)
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(arm.pictures(len(datasets[0])))
    if arm.crop_first:  # one of a picture's crops, which follow one another
        order = order * arm.crops + rng.integers(0, arm.crops, len(order))
    for at in range(0, len(order) - profile.batch + 1, profile.batch):
        parts = [data.__getitems__(order[at : at + profile.batch]) for data in datasets]
        pictures = np.concatenate([_stacked(part) for part in parts], axis=1)
        together = (
            pictures if arm.method else pictures.reshape(-1, 1, *pictures.shape[2:])
        )  # clean views differ by this
        moved = pictures if arm.crop_first else _cropped(together, rng).reshape(pictures.shape)
        scaled = torch.from_numpy(moved).permute(0, 1, 4, 2, 3).float().div_(127.5).sub_(1)
        yield scaled, torch.tensor([sample[1] for sample in parts[0]])


def _stacked(samples: list[tuple[Any, ...]]) -> np.ndarray:
    """Return the pictures of samples as (B, V, H, W, 3)."""
    pictures = np.stack([sample[0] for sample in samples])
    return pictures if pictures.ndim == 5 else pictures[:, None]


def _cropped(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pictures (B, V, H, W, 3), padded, cropped and flipped at random, all views of a sample alike."""
    count, _, height, width, _ = pictures.shape
    padded = np.pad(pictures, ((0, 0), (0, 0), (PADDING,) * 2, (PADDING,) * 2, (0, 0)))
    places = rng.integers(0, 2 * PADDING + 1, (count, 2))
    flips = rng.random(count) < 0.5
    out = np.empty_like(pictures)
    for i, ((top, left), flip) in enumerate(zip(places, flips, strict=True)):
        part = padded[i, :, top : top + height, left : left + width]
        out[i] = part[:, :, ::-1] if flip else part
    return out


def _loss(network: nn.Module, pictures: Tensor, labels: Tensor, arm: Arm) -> Tensor:
    count, views = pictures.shape[:2]
    flat = pictures.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    logits = network(flat).float().unflatten(0, (count, views))
    loss = functional.cross_entropy(logits[:, 0], labels)
    return loss + JSD_WEIGHT * _divergence(logits) if arm.loss == CONSISTENCY else loss


def _divergence(logits: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence of the views' predictions (Hendrycks et al., AugMix, 2020)."""
    probabilities = logits.softmax(2)
    mixture = probabilities.mean(1, keepdim=True).clamp(1e-7, 1).log()
    return functional.kl_div(mixture.expand_as(probabilities), probabilities, reduction="none").sum(2).mean()
