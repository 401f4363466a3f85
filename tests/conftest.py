"""Fixtures for all tests: the control plane and what belongs to it, see ``tests/controlplane``."""

from hypothesis import HealthCheck, settings

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

# A property is no benchmark: a machine that is busy with another test's control plane must not fail it.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
