"""Well known: what carries the whole cluster, by the names that everybody gives it. Never touched (B3).

Networks of pods, names, the way in, certificates of the control plane's own webhooks, and the vendors' own
namespaces. A name that is not here is protected by its owner's label, or by ``policy.protected_namespaces``.
"""

from aiops.model import Target, Workload

SPACES = frozenset(
    {
        "calico-apiserver",
        "calico-system",
        "tigera-operator",
        "cilium",
        "cilium-system",
        "kube-flannel",
        "kube-router",
        "weave",
        "antrea-system",
        "multus",
        "metallb-system",
        "ingress-nginx",
        "nginx-ingress",
        "traefik",
        "haproxy-controller",
        "contour",
        "projectcontour",
        "envoy-gateway-system",
        "istio-system",
        "istio-ingress",
        "linkerd",
        "gatekeeper-system",
        "kyverno",
        "cert-manager",
        "longhorn-system",
        "rook-ceph",
        "gmp-system",
        "gke-managed-system",
        "cattle-system",
    }
)
PREFIXES = ("kube-", "openshift-")  # of namespaces: Kubernetes keeps the first for itself
NAMES = frozenset(  # of workloads, in whatever namespace
    {
        "coredns",
        "kube-dns",
        "node-local-dns",
        "kube-proxy",
        "calico-node",
        "calico-kube-controllers",
        "calico-typha",
        "cilium",
        "cilium-operator",
        "kube-flannel-ds",
        "weave-net",
        "aws-node",
        "azure-cni",
        "antrea-agent",
        "kube-multus-ds",
        "ingress-nginx-controller",
        "traefik",
        "istiod",
        "istio-ingressgateway",
    }
)
NAME_LABELS = ("app.kubernetes.io/name", "k8s-app", "app")


def carries_the_cluster(target: Target, workload: Workload | None) -> bool:
    """Whether ``target`` is something that everything else stands on."""
    if target.namespace in SPACES or target.namespace.startswith(PREFIXES):
        return True
    labels = workload.labels if workload is not None else {}
    return target.name in NAMES or any(labels.get(one) in NAMES for one in NAME_LABELS)
