"""A real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, kube-state-metrics.

The one thing simulated is the kubelet (``kubelet.py``): it gives nodes and pods their life, and faults can be
injected into it. Fixtures for tests are in ``fixtures.py``; by hand::

    python -m tests.controlplane build   # the programs, once, into a cache folder
    python -m tests.controlplane run     # a control plane until Ctrl-C; prints its kubeconfig
"""
