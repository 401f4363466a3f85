"""Notify: the channels of the configuration as outlets of the herald, and what an Alertmanager says."""

import functools
from collections.abc import Callable, Sequence

from aiops.adapters.alertmanager import Alertmanager
from aiops.adapters.evidence_plot import draw
from aiops.adapters.webhook import Webhook
from aiops.bootstrap.others import WithOthers
from aiops.core.routing import takes
from aiops.engine.herald import Herald
from aiops.engine.outlet import Outlet
from aiops.engine.posts import StorePosts
from aiops.ports import Clock, FactSource, Posts, Store
from aiops.settings import Settings

Failed = Callable[[str, Exception], None]


def alertmanager(settings: Settings, clock: Clock) -> Alertmanager | None:
    """The Alertmanager; None where none is configured. ConfigError for a URL that cannot be used."""
    configured = settings.notify.alertmanager
    return Alertmanager(configured, settings.cluster.name, clock) if configured.url else None


def outlets(
    settings: Settings, clock: Clock, alerts: Alertmanager | None, console_url: str = ""
) -> list[Outlet]:
    """Every channel but Slack. ConfigError for what cannot be used."""
    notify = settings.notify
    found = [
        Outlet(
            Webhook(name, one, clock, console_url, settings.approvals),
            takes=functools.partial(_takes, name, settings),
            pictures=False,
        )
        for name, one in notify.webhooks.items()
    ]
    if alerts is not None and notify.alertmanager.push:
        found.append(
            Outlet(
                alerts,
                questions=False,
                notes=False,
                pictures=False,
                grouped=False,
                again_s=float(notify.alertmanager.resend_s),
            )
        )
    return found


def _takes(webhook: str, settings: Settings, owner: str) -> bool:
    return takes(webhook, owner, settings.notify.routes)


def herald(
    settings: Settings,
    store: Store,
    posts: Posts,
    channels: Sequence[Outlet],
    clock: Clock,
    failed: Failed,
) -> Herald:
    """The herald over all channels; start it once the loop was restored."""
    return Herald(store, posts, channels, settings.notify, clock, failed=failed, draw=draw)


def posts_of(store: Store, clock: Clock) -> StorePosts:
    """What was posted where, of this journal."""
    return StorePosts(store, store.term(), clock.now_ms)


def with_others(
    facts: FactSource | None, alerts: Alertmanager | None, settings: Settings, failed: Failed
) -> FactSource | None:
    """``facts`` with silences and alerts of the Alertmanager, where one is to be read."""
    if facts is None or alerts is None or not settings.notify.alertmanager.read:
        return facts
    return WithOthers(facts, alerts, failed)
