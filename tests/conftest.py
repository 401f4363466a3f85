"""Fixtures for all tests: the control plane and what belongs to it, see ``tests/controlplane``."""

from tests.controlplane.fixtures import (  # noqa: F401 - pytest finds fixtures by name here
    api,
    api_proxy,
    audit,
    control_plane,
    kubelet,
    namespace,
    nodes,
    own_plane,
    service_account,
    special_plane,
)
