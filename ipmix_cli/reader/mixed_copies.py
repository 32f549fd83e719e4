"""Copies of methods that mix samples, made when they are read: second samples are read with the first ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ipmix_cli.reader.renderer import Renderer
from ipmix_cli.reader.shard_files import Read, ShardFiles
from ipmix_cli.shards.places import CLEAN


def mixed_copies(
    renderer: Renderer, files: ShardFiles, numbers: Sequence[int], chosen: NDArray[np.int64], epoch: int, classes: int
) -> Read:
    """Return the chosen pictures (N, V) of samples by number, rendered, and the weights of the classes of each.

    Second samples are any of the data set's, each as likely. Where it stores plans these are the job's own: such a data
    set has all samples, so that their numbers are their indices in the source.
    """
    from ipmix_cli.pipeline.run.partners import arranged
    from ipmix_cli.pipeline.run.rendered import chosen_plans, copies_of

    job, first = renderer.job, int(chosen[0, 0] == CLEAN)
    read = _clean(files, numbers)
    clean = read.pictures[:, 0]
    plans = chosen_plans(job, None, clean.shape[1:3], read.indices, chosen[:, first:], renderer.seed_of(epoch))
    seconds = job.transform.partners(plans, np.asarray(numbers, np.int64), files.samples)
    distinct, order = np.unique(seconds.reshape(-1), return_inverse=True)
    others = _clean(files, distinct.tolist())
    made = copies_of(job, clean, plans, arranged(list(others.pictures[:, 0]), order.reshape(-1)))
    labels = np.asarray(others.labels, np.int64)[order.reshape(seconds.shape)]
    weights = _weights(np.asarray(read.labels, np.int64), labels, job.transform.label_weights(plans), classes)
    if first:
        made = np.concatenate([read.pictures, made], axis=1)
        own = np.eye(classes, dtype=np.float32)[read.labels][:, None]
        weights = np.concatenate([own, weights], axis=1)
    return read._replace(pictures=made, weights=weights)


def _clean(files: ShardFiles, numbers: Sequence[int]) -> Read:
    """Return the clean pictures (N, 1, H, W, C) of samples: of one size, as all of these methods' are."""
    return files.read(numbers, np.full((len(numbers), 1), CLEAN))


def _weights(
    own: NDArray[np.int64], seconds: NDArray[np.int64], weights: NDArray[np.float64], classes: int
) -> NDArray[np.float32]:
    """Return the weight of each class, (N, V, classes), of labels (N,) mixed with second ones (N, V)."""
    out = np.zeros((*seconds.shape, classes), np.float32)
    rows, columns = np.indices(seconds.shape)
    out[rows, columns, own[:, None]] += weights.astype(np.float32)
    out[rows, columns, seconds] += (1.0 - weights).astype(np.float32)
    return out
