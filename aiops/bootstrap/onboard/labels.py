"""Labels: by which name a server tells what a query calls ``namespace``, ``pod`` or ``code``.

Without ``honor_labels`` the plain name is that of the exporter: what a metric says of others (as those of
kube-state-metrics, the kubelet or an ingress controller do) is then in ``exported_...``. An application's own
metrics are the other way round: the scrape knows in which pod it runs, and what it says of itself is not
believed.
"""

from collections.abc import Mapping

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "namespace": (
        "namespace",
        "kubernetes_namespace",
        "kubernetes_namespace_name",
        "kube_namespace",
        "k8s_namespace_name",
        "namespace_name",
        "pod_namespace",
    ),
    "pod": ("pod", "pod_name", "kubernetes_pod_name", "kubernetes_pod", "k8s_pod_name", "kube_pod"),
    "container": ("container", "container_name", "k8s_container_name"),
    "node": ("node", "kubernetes_node", "node_name", "k8s_node_name", "kubernetes_io_hostname"),
    "horizontalpodautoscaler": ("horizontalpodautoscaler", "hpa"),
    "code": (
        "code",
        "status",
        "status_code",
        "http_status_code",
        "response_code",
        "http_response_status_code",
    ),
}
ABOUT_OTHERS = ("kube_", "container_", "kubelet_volume_", "nginx_ingress_controller_", "istio_")
MADE_BY_SCRAPE = frozenset({"namespace", "pod", "container", "node", "service"})  # labels of targets


def about_others(metric: str) -> bool:
    """Whether the series tell of objects other than the one that was scraped. Recorded series may."""
    return metric.startswith(ABOUT_OTHERS) or ":" in metric


def there(label: str, labels: frozenset[str], others: bool) -> str | None:
    """The name of ``label`` among ``labels``; None where the series do not tell it."""
    names = SYNONYMS.get(label, (label,))
    if others:
        for name in names:
            if f"exported_{name}" in labels:
                return f"exported_{name}"
    return next((name for name in names if name in labels), None)
