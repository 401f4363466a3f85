"""``aiops audit``: verify with and without heads, export and verify again, heads, key."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from aiops.adapters.signing import load_key, make_key
from aiops.adapters.sqlite.store import SqliteStore
from aiops.cli import app
from aiops.core.audit import SignedHead, head_entry
from aiops.core.chain import veiled
from aiops.errors import InputError, Rejected
from aiops.model import Entry, Result
from tests.unit.cli import acted
from tests.unit.core.cases import NOW

SECRET = "hunter2-canary"  # what must not be found  # noqa: S105
LOUD = {
    "patch": {"spec": {"containers": [{"name": "app", "env": [{"name": "P", "value": SECRET}]}]}},
    "command": f'kubectl patch web -p \'{{"env":[{{"name":"P","value":"{SECRET}"}}]}}\'',
}
NASTY = '=cmd|"/c calc"!A1\n\x1b[2J\u2028\u202eabc,";\r\t\x7f'


def append(state, *entries):
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        return store.append(entries, store.term())


def sign(state):
    """A head of the newest record, in the journal and as somebody outside has it."""
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        seq, value = store.head()
        bare = SignedHead(seq, value, store.term(), NOW, "prod", "")
        head = load_key(state / "audit.key").sign(bare)
        store.append([head_entry(head, NOW)], store.term())
    return head


def tamper(state, *statements):
    """What somebody with the file and the sqlite3 tool can do."""
    with closing(sqlite3.connect(state / "journal.sqlite", isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A state folder with a key, a secret, something nasty, and a head at the end."""
    state = acted.make(tmp_path_factory.mktemp("audit") / "state", Result.APPLIED, Result.VERIFIED)
    make_key(state / "audit.key")
    append(
        state,
        Entry("decided_by_hand", "i1", NOW + 5, LOUD),
        Entry(NASTY, NASTY, NOW + 9, {NASTY: NASTY}, NASTY),
    )
    return state, sign(state)


@pytest.fixture
def state(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "state")


@pytest.fixture
def head(made):
    return made[1]


def test_an_intact_journal_says_what_was_checked_and_what_could_not_be(state, aiops):
    """S10: without a head from outside a cut-off end cannot be seen, and that is said."""
    result = aiops("audit", "verify", "--state", state)
    assert result.exit_code == 0
    told = result.stdout
    assert "1 in it and 0 from outside agree" in told
    assert "not checked  whether the end was cut off" in told
    assert "not checked  whether the key itself is the right one" in told
    assert told.splitlines()[-1] == "intact, as far as it could be checked"


def test_with_a_head_and_a_key_from_outside_all_is_checked(state, head, aiops, tmp_path):
    """But the one record behind the head: the head itself."""
    log = tmp_path / "daemon.log"
    log.write_text(f'{{"event": "head_signed", "head": "{head}"}}\n')
    public = load_key(state / "audit.key").public
    for given in (("--head", head), ("--heads-file", log)):
        result = aiops("audit", "verify", "--state", state, *given, "--public-key", public)
        assert result.exit_code == 0
        assert "1 in it and 1 from outside agree; the newest from outside is of record" in result.stdout
        (left,) = [one for one in result.stdout.splitlines() if one.startswith("not checked")]
        assert left.endswith(f"cut off behind record {head.seq + 1}: the newest head is of {head.seq}")


def test_heads_may_be_piped_in(state, head):
    """As from ``kubectl get events -o yaml``."""
    result = CliRunner().invoke(
        app, ["audit", "verify", "--state", str(state), "--heads-file", "-"], input=f"- message: {head}\n"
    )
    assert "1 in it and 1 from outside agree" in result.stdout


def test_a_cut_off_end_is_found_with_a_head_and_exit_code_one(state, head, aiops):
    """S10."""
    tamper(state, f"DELETE FROM journal WHERE seq >= {head.seq - 1}")  # noqa: S608 - our own number
    assert aiops("audit", "verify", "--state", state).exit_code == 0
    result = aiops("audit", "verify", "--state", state, "--head", head)
    assert result.exit_code == 1
    assert f"ends at record {head.seq - 2}, but the head of record {head.seq} was signed" in result.stdout


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE journal SET at_ms = 0 WHERE seq = 3", "record 3 was changed"),
        ("DELETE FROM journal WHERE seq = 3", "record 3 is missing"),
        ("UPDATE journal SET payload = '{}' WHERE seq = 3", "record 3 was changed"),
        ("UPDATE journal SET payload = '{\"a\": 1}' WHERE seq = 3", "record 3 was changed"),
    ],
)
def test_a_break_is_told_with_its_record(state, aiops, statement, finding):
    tamper(state, statement)
    result = aiops("audit", "verify", "--state", state)
    assert (result.exit_code, finding in result.stdout) == (1, True)
    answer = json.loads(aiops("audit", "verify", "--state", state, "--json").stdout)
    assert answer["intact"] is False
    assert finding in answer["findings"][0]["text"]


def test_a_damaged_journal_is_read_as_far_as_it_goes_and_left_as_it_is(state, head, aiops):
    """E13, S10: the daemon would not open it; the audit says what is wrong, and up to where it agrees."""
    tamper(state, f"UPDATE journal SET at_ms = 0 WHERE seq = {head.seq + 1}")  # noqa: S608 - our own number
    with pytest.raises(Rejected):
        SqliteStore(state / "journal.sqlite")
    before = (state / "journal.sqlite").read_bytes()
    answer = json.loads(aiops("audit", "verify", "--state", state, "--head", head, "--json").stdout)
    assert [(one["what"], one["seq"]) for one in answer["findings"]] == [("changed", head.seq + 1)]
    assert (answer["records"], answer["heads_outside"]) == (head.seq + 1, 1)
    assert (state / "journal.sqlite").read_bytes() == before


def test_another_programs_file_is_no_journal(tmp_path, aiops):
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db:
        db.execute("CREATE TABLE cookies (name TEXT)")
    result = aiops("audit", "verify", "--state", tmp_path)
    assert (result.exit_code, "is no journal" in result.stdout) == (1, True)


def test_a_torn_page_is_told_with_what_was_read_before_it(state, aiops):
    """E13."""
    append(state, *(Entry("noted", "i1", NOW, {"n": n, "text": "x" * 300}) for n in range(600)))
    with closing(sqlite3.connect(state / "journal.sqlite")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = (state / "journal.sqlite").stat().st_size
    with (state / "journal.sqlite").open("r+b") as file:
        file.seek(size // 8192 * 4096)
        file.write(b"\x00" * 4096)
    result = aiops("audit", "verify", "--state", state)
    assert (result.exit_code, "FOUND" in result.stdout) == (1, True)
    assert "Traceback" not in result.stdout + result.stderr


def test_a_file_that_is_no_journal_is_a_finding_and_no_traceback(tmp_path, aiops):
    (tmp_path / "journal.sqlite").write_text("not a database, but long enough to be taken for one" * 100)
    result = aiops("audit", "verify", "--state", tmp_path)
    assert (result.exit_code, "FOUND" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--head", "aiops-head/v1/prod/12"), "expected a head such as"),
        (("--public-key", "ed25519:12"), "expected ed25519: and 64 hex digits"),
        (("--public-key", "no-such-file"), "expected a file that can be read"),
    ],
)
def test_what_is_no_head_or_no_key_is_answered(state, aiops, arguments, text):
    result = aiops("audit", "verify", "--state", state, *arguments)
    assert isinstance(result.exception, InputError)
    assert text in str(result.exception)


def exported(state, aiops, form, folder, *arguments):
    path = folder / f"journal.{form}"
    result = aiops("audit", "export", "--state", state, "--format", form, "--out", path, *arguments)
    assert result.exit_code == 0, result.exception
    return path


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_is_complete_and_verifies_again_against_the_same_head(state, head, aiops, tmp_path, form):
    path = exported(state, aiops, form, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    public = load_key(state / "audit.key").public
    result = aiops("audit", "verify", "--export", path, "--head", head, "--public-key", public)
    assert result.exit_code == 0, result.stdout
    assert f"{head.seq + 1} records, 1 to {head.seq + 1}" in result.stdout
    assert "1 in it and 1 from outside agree" in result.stdout


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_no_secret_and_nothing_that_steers_a_reader_leaves_with_it(state, aiops, tmp_path, form):
    """S8, S9: values of variables are digests; a record is one line, whatever it holds."""
    text = exported(state, aiops, form, tmp_path).read_text()
    assert SECRET not in text
    assert "(hidden sha256:" in text
    assert not set(text) & set("\x1b\u2028\u202e\r\x7f\t")
    rows = text.splitlines()
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        records = list(store.read())
    assert len(rows) == len(records) + (form == "csv")
    if form == "csv":
        cells = [cell for one in csv.reader(rows) for cell in one]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    else:
        assert [json.loads(one)["payload"] for one in rows] == [veiled(one).entry.payload for one in records]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_edited_a_cut_and_a_reformatted_export_are_found(state, head, aiops, tmp_path, form):
    """S10: of every line in turn, one letter; and lines left out, doubled, moved."""
    whole = exported(state, aiops, form, tmp_path).read_text().splitlines(keepends=True)
    skip = int(form == "csv")

    def findings(lines, *arguments):
        path = tmp_path / "other"
        path.write_text("".join(lines))
        result = aiops("audit", "verify", "--export", path, "--json", *arguments)
        found = json.loads(result.stdout)["findings"]
        assert (result.exit_code == 1) == bool(found)
        return [one["what"] for one in found]

    assert findings(whole) == []
    for at in range(skip, len(whole)):
        line = whole[at].replace('"decided', '"denied').replace("at_ms", "at_mz", 1)
        line = line.replace("1700000", "1700001", 1) if line == whole[at] else line
        assert findings([*whole[:at], line, *whole[at + 1 :]]) != [], line
    assert findings([*whole[:4], *whole[5:]]) == ["missing"]
    assert findings([*whole[:4], whole[5], whole[4], *whole[6:]]) != []
    assert findings([*whole[:4], whole[4].replace(",", ", ", 1), *whole[5:]]) == ["unreadable"]
    assert findings([*whole[:-1], whole[-1][:40]]) == ["unreadable"]
    assert findings([]) == ["unreadable"]
    assert findings(whole[:-2], "--head", head) == ["truncated"]
    assert findings(whole[:skip], "--head", head) == ["truncated" if skip else "unreadable"]


def test_an_export_of_a_time_has_no_gaps_and_says_that_it_is_a_part(state, aiops, tmp_path):
    """The last two entries are of 5 and 9 ms after 1,700,000,000 s; the head is of that second itself."""
    path = exported(state, aiops, "jsonl", tmp_path, "--since", "1700000000.004", "--until", "1700000000.006")
    (only,) = [json.loads(one) for one in path.read_text().splitlines() if '"decided_by_hand"' in one]
    assert only["at_ms"] == NOW + 5
    result = aiops("audit", "verify", "--export", path)
    assert result.exit_code == 0
    assert "they are not here" in result.stdout


def test_a_file_is_never_written_over_and_none_is_left_half_written(state, aiops, tmp_path):
    path = exported(state, aiops, "jsonl", tmp_path)
    before = path.read_bytes()
    result = aiops("audit", "export", "--state", state, "--out", path)
    assert isinstance(result.exception, InputError)
    assert path.read_bytes() == before
    tamper(state, "UPDATE journal SET payload = 'x' WHERE seq = 2")
    assert aiops("audit", "export", "--state", state, "--out", tmp_path / "new").exception is not None
    assert not [one for one in tmp_path.iterdir() if "new" in one.name]


def test_heads_are_listed_and_the_key_is_shown_and_made_only_when_asked(state, head, aiops):
    assert aiops("audit", "heads", "--state", state).stdout == f"2023-11-14 22:13:20  {head}\n"
    (one,) = json.loads(aiops("audit", "heads", "--state", state, "--json").stdout)
    assert (one["seq"], one["head"]) == (head.seq, str(head))
    public = aiops("audit", "key", "--state", state).stdout
    assert public == load_key(state / "audit.key").public + "\n"
    again = aiops("audit", "key", "--state", state, "--new")
    assert isinstance(again.exception, InputError)
    (state / "audit.key").unlink()
    assert isinstance(aiops("audit", "key", "--state", state).exception, InputError)
    assert aiops("audit", "key", "--state", state, "--new").stdout != public
