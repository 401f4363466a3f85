"""A recording on disk: a directory of Parquet files, JSON lines and two small YAML files."""
