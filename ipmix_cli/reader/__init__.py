"""What training reads with."""

from ipmix_cli.reader.shard_dataset import ShardDataset

__all__ = ["ShardDataset"]
