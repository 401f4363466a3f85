"""Configuration: schema, loading, explaining what is wrong."""
