"""The composition root: the one place that names adapters and loads plug-ins."""
