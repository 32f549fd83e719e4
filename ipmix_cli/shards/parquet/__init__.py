"""Parquet shards in Hugging Face's own form, laid out here so that their bytes depend on no library's version."""
