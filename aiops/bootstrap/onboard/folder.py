"""Folder: the configuration that onboarding writes, and its own check of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aiops.bootstrap.config import load_settings
from aiops.bootstrap.onboard.adapt import Adapted
from aiops.errors import InputError
from aiops.model import Detection, Signal
from aiops.model.prometheus import PrometheusSettings
from aiops.settings.schema import ClusterSettings, Main, Off
from aiops.settings.write import write

HEAD = "# Written by `aiops onboard` for {url}. How to: docs/how-to/onboard.md\n"
PACK_HEAD = "# Pack {pack}, as {url} tells it. Written by `aiops onboard`.\n"


def must_be_free(folder: Path) -> None:
    """InputError where something is there already: nobody's edits are overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"-o {folder}: expected a folder that is empty or not there, got one with files in it"
        )


def main_file(
    prometheus: PrometheusSettings, cluster: str, step_s: int, adapted: Sequence[Adapted], state: str
) -> str:
    """The text of aiops.yaml: what differs from the defaults, and the signals nobody can see here, off."""
    off = Off(signals=tuple(one.signal.name for one in adapted if one.missing))
    main = Main(
        cluster=ClusterSettings(cluster),
        prometheus=prometheus,
        detection=replace(Detection(), step_s=step_s),
        off=off,
        state=state,
    )
    return HEAD.format(url=prometheus.url) + "\n" + write(main)


def write_folder(folder: Path, main: str, adapted: Sequence[Adapted], url: str) -> None:
    """Write everything, then load it as any command would: what comes out passes check-config."""
    packs: dict[str, list[Signal]] = {}
    for one in adapted:
        packs.setdefault(one.signal.pack, []).append(replace(one.signal, pack=""))
    try:
        (folder / "signals").mkdir(parents=True, exist_ok=True)
        _put(folder / "aiops.yaml", main)
        for pack, signals in packs.items():
            text = PACK_HEAD.format(pack=pack, url=url) + write({"signals": tuple(signals)})
            _put(folder / "signals" / f"{pack}.yaml", text)
    except OSError as error:
        raise InputError(f"-o {folder}: expected a folder to write to, got: {error.strerror}") from error
    load_settings(folder)


def _put(path: Path, text: str) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
