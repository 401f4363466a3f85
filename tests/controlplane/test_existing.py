"""AIOPS_TEST_KUBECONFIG: an existing cluster is used, in whatever way its kubeconfig holds the keys."""

import base64
import json

import pytest

from tests.controlplane.api import Api, ApiError
from tests.controlplane.existing import Existing
from tests.controlplane.identities import rule
from tests.controlplane.identities import service_account as new_account

pytestmark = pytest.mark.integration


def inline(kubeconfig):
    """The same kubeconfig as kind writes it: keys inside, in base64."""
    config = json.loads(kubeconfig.read_text())
    entries = config["clusters"][0]["cluster"], config["users"][0]["user"]
    for entry in entries:
        for key in [key for key in entry if key != "server"]:
            with open(entry.pop(key), "rb") as file:  # noqa: PTH123 - a path as text
                entry[f"{key}-data"] = base64.b64encode(file.read()).decode()
    return json.dumps(config)


@pytest.mark.parametrize("kind", ["files", "inline"])
def test_an_existing_cluster_is_spoken_to_and_gives_accounts(
    own_plane, namespace, monkeypatch, tmp_path, kind
):
    given = tmp_path / "given"
    given.write_text(own_plane.kubeconfig.read_text() if kind == "files" else inline(own_plane.kubeconfig))
    monkeypatch.setenv("AIOPS_TEST_KUBECONFIG", str(given))
    cluster = Existing(tmp_path)
    assert cluster.api.get("Namespace", None, namespace)["metadata"]["name"] == namespace
    reader = Api.of(new_account(cluster, namespace, "reader", [rule("list", "pods")]))
    assert reader.list("Pod", namespace) == []
    with pytest.raises(ApiError, match="403"):
        reader.list("Secret", namespace)
