"""The reader of data sets in training."""

from ipmix_cli.reader.batch import collate
from ipmix_cli.reader.shard_dataset import ShardDataset
from ipmix_cli.reader.shard_sampler import ShardSampler

__all__ = ["ShardDataset", "ShardSampler", "collate"]
