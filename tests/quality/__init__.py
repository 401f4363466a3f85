"""Quality on the shared recordings, among the peers: ``python -m tests.quality``."""
