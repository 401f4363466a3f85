"""An audit finds edits, deletions, exchanges, insertions by the chain, and the rest by heads (S10, G14)."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.signing import Signer, Verifier, load_key, make_key
from aiops.core.audit import Auditor, SignedHead, audit, head_entry, head_of, heads_in
from aiops.core.chain import _hash, _old_hash, first_break, is_veiled, seal, veil, veiled
from aiops.core.redact import BY_HAND
from aiops.errors import Rejected
from aiops.model import Entry, Record
from tests.chaos.audit import LIES, found_all, journal_of, lie
from tests.fakes.store import FakeStore
from tests.unit.core.cases import NOW

ROWS = 10_000
SECRET = "hunter2-canary"  # what must not be found  # noqa: S105


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """(ours, a stranger's)."""
    folder = tmp_path_factory.mktemp("keys")
    return make_key(folder / "ours"), make_key(folder / "theirs")


@pytest.fixture(scope="module")
def records():
    """A journal of 10,000 rows."""
    return journal_of(ROWS)


def head(record: Record, signer: Signer, cluster="prod"):
    return signer.sign(SignedHead(record.seq, record.hash, record.term, NOW, cluster, ""))


def trusted(*signers):
    return Verifier([one.public for one in signers])


def test_a_journal_that_agrees_with_its_heads_is_intact(records, keys):
    ours, _ = keys
    answer = audit(records, [head(records[-1], ours), head(records[4999], ours)], trusted(ours))
    assert (answer.intact, answer.records, answer.outside, answer.unchecked) == (True, ROWS, 2, ())
    assert answer.agreed.seq == ROWS


@pytest.mark.parametrize("kind", LIES)
def test_every_single_edit_deletion_exchange_and_insertion_is_found_where_it_is(records, kind):
    """S10, G14: 500 places of each of the kinds, spread over 10,000 rows, in the everyday run; the last
    place is told apart in its own test. ``python -m tests.chaos audit`` takes every place."""
    places = range(1, ROWS, ROWS // 500)
    assert found_all(records, kind, places) == []


@pytest.mark.parametrize("kept", [0, 1, 5_000, 9_998, 9_999])
def test_a_cut_off_end_is_found_by_a_head_from_outside_and_by_nothing_else(records, keys, kept):
    """S10: the chain alone cannot tell, and says so."""
    ours, _ = keys
    cut = records[:kept]
    alone = audit(cut)
    assert alone.intact
    assert any("no head from outside was given" in one for one in alone.unchecked)
    (finding,) = audit(cut, [head(records[-1], ours)], trusted(ours)).findings
    assert (finding.seq, finding.what) == (kept + 1, "truncated")
    assert f"ends at record {kept}, but the head of record 10000 was signed at 2023-11-14" in finding.text


@pytest.mark.parametrize("gone", [1, 2, 5_000])
def test_a_beginning_that_was_taken_away_is_found(records, gone):
    """Only an export may begin somewhere; a journal begins with record 1."""
    (finding,) = audit(records[gone:]).findings
    assert (finding.seq, finding.what) == (1, "missing")
    assert finding.text == f"record 1 is missing: {gone + 1} follows 0"
    assert audit(records[gone:], part=True).intact


def resealed(records, **changes):
    """``records``, each with ``changes``, and a chain that holds."""
    made, last = [], (0, "")
    for one in records:
        made.append(seal(one.entry, last, changes.get("term", lambda r: r.term)(one)))
        last = made[-1].seq, made[-1].hash
    return made


def test_an_older_leader_that_wrote_after_a_newer_one_is_found(records):
    """E4: the hashes are right, and the terms fall; that they stay the same is no finding."""
    assert audit(resealed(records[:9], term=lambda r: 5)).intact
    assert audit(resealed(records[:9], term=lambda r: r.seq)).intact
    (finding,) = audit(resealed(records[:9], term=lambda r: 5 - (r.seq == 4))).findings
    assert (finding.seq, finding.what) == (4, "term")
    assert finding.text == "record 4 is of term 4, after one of term 5"


@pytest.mark.parametrize(
    ("order", "what"), [((1, 2, 4, 3), "missing"), ((1, 2, 2, 3), "moved"), ((2, 1), "missing")]
)
def test_a_gap_and_a_step_back_are_told_apart(records, order, what):
    (finding, *_) = audit([records[seq - 1] for seq in order]).findings
    assert finding.what == what


def with_head(signer, change):
    """Nine records and a head inside, of the last one but for ``change``."""
    store = FakeStore([Entry("decided", "i", NOW, {"n": n}) for n in range(9)])
    last = list(store.read())[-1]
    store.append([head_entry(signer.sign(replace(head(last, signer), **change)), NOW)], term=0)
    return list(store.read())


@pytest.mark.parametrize("change", [{"hash": "0" * 64}, {"seq": 8}, {"seq": 10}, {"seq": 11}, {"seq": 99}])
def test_a_head_inside_of_another_record_than_it_says_is_found(keys, change):
    """Somebody with the key signed what was never there, or what came later: it is record 10 itself."""
    answer = audit(with_head(keys[0], change), (), trusted(keys[0]))
    assert ([(one.seq, one.what) for one in answer.findings], answer.inside) == ([(10, "rewritten")], 0)


def test_a_head_inside_of_a_record_that_was_not_read_is_told_as_not_checked(keys):
    """An export that begins between a record and its head."""
    answer = audit(with_head(keys[0], {})[9:], (), trusted(keys[0]), part=True)
    assert (answer.intact, answer.inside) == (True, 0)
    assert "1 head of the journal, of records that were not read just before" in answer.unchecked


def test_what_is_no_head_among_heads_is_found(keys):
    store = FakeStore([Entry("head_signed", "audit", NOW, {"seq": 1})])
    (finding,) = audit(store.read(), (), trusted(keys[0])).findings
    assert (finding.seq, finding.what) == (1, "forged")
    assert finding.text.startswith("record 1: expected a signed head")


def test_only_what_stands_where_heads_stand_is_taken_for_one(keys):
    store = FakeStore(
        [Entry("head_signed", "i", NOW, {}), Entry("key_changed", "audit", NOW, {"key": "", "before": ""})]
    )
    answer = audit(store.read(), (), trusted(keys[0]))
    assert (answer.intact, answer.inside) == (True, 0)


def test_of_several_heads_that_are_too_new_the_newest_is_told(records, keys):
    ours, _ = keys
    heads = [head(records[seq - 1], ours) for seq in (9_000, 10_000, 9_500)]
    (finding,) = audit(records[:8_999], heads, trusted(ours)).findings
    assert "the head of record 10000 was signed" in finding.text
    assert "1,001 records at its end were cut off" in finding.text


def test_what_is_newer_than_the_newest_head_is_told_as_not_checked(records, keys):
    ours, _ = keys
    answer = audit(records, [head(records[8_999], ours)], trusted(ours))
    assert answer.intact
    assert answer.unchecked == ("whether more was cut off behind record 10000: the newest head is of 9000",)


def rewritten(records, at, **changes):
    """All of it written anew from ``at`` on, each record with a right hash: what the chain cannot tell."""
    kept = list(records[: at - 1])
    last = (kept[-1].seq, kept[-1].hash) if kept else (0, "")
    for record in records[at - 1 :]:
        entry = replace(record.entry, **changes) if record.seq == at else record.entry
        kept.append(seal(entry, last, record.term))
        last = kept[-1].seq, kept[-1].hash
    return kept


def test_a_chain_that_was_written_anew_is_found_by_an_outside_head(records, keys):
    """S10: even where somebody has stolen the key, and signs the new chain with it."""
    ours, _ = keys
    other = rewritten(records, 7_000, stream="another")
    assert audit(other).intact  # by the chain alone
    heads = [head(records[6_899], ours), head(records[6_999], ours), head(records[9_999], ours)]
    answer = audit(other, heads, trusted(ours))
    assert [(one.seq, one.what) for one in answer.findings] == [(7_000, "rewritten"), (10_000, "rewritten")]
    assert answer.agreed.seq == 6_900  # up to there it is known to be as it was


def test_a_chain_that_was_signed_anew_with_another_key_is_found(keys):
    """S10: the heads inside it give it away, to whoever knows the right public key."""
    ours, theirs = keys
    store = FakeStore([Entry("decided", "i", NOW, {"n": n}) for n in range(9)])
    (record, *_) = list(store.read())[-1:]
    store.append([head_entry(head(record, theirs), NOW)], term=0)
    (finding,) = audit(store.read(), (), trusted(ours)).findings
    assert (finding.seq, finding.what) == (10, "forged")
    assert f"signed by key {theirs.key}, which is not one of those trusted: {ours.key}" in finding.text
    assert audit(store.read(), (), trusted(ours, theirs)).inside == 1


def test_an_old_backup_that_was_gone_on_with_is_found(records, keys):
    """S10, E14: it has as many records as there ever were, but not those."""
    ours, _ = keys
    restored, last = list(records[:5_000]), (5_000, records[4_999].hash)
    for n in range(6_000):
        restored.append(seal(Entry("decided", "i", NOW, {"again": n}), last, 4))
        last = restored[-1].seq, restored[-1].hash
    (finding,) = audit(restored, [head(records[-1], ours)], trusted(ours)).findings
    assert (finding.seq, finding.what) == (ROWS, "rewritten")
    assert "an old backup was put back" in finding.text


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 9_999},
        {"hash": "0" * 64},
        {"term": 7},
        {"at_ms": NOW + 1},
        {"cluster": "dev"},
        {"signature": "0" * 128},
    ],
)
def test_a_head_that_was_altered_is_told_and_not_believed(records, keys, change):
    ours, _ = keys
    (finding,) = audit(records, [replace(head(records[-1], ours), **change)], trusted(ours)).findings
    assert finding.what == "forged"
    assert "it was altered" in finding.text


def test_without_a_public_key_heads_count_and_that_is_told(records, keys):
    ours, _ = keys
    answer = audit(records, [head(records[-1], ours)])
    assert answer.outside == 1
    assert answer.unchecked == ("signatures: no public key is known (--public-key)",)


def test_a_part_is_checked_as_far_as_it_goes(records, keys):
    """An export since a time: what comes before is not in it, and a break inside is found."""
    ours, _ = keys
    part = records[3_000:4_000]
    answer = audit(part, [head(records[99], ours), head(part[-1], ours)], trusted(ours), part=True)
    assert (answer.intact, answer.first, answer.last) == (True, 3_001, 4_000)
    assert answer.unchecked == (
        "records 1 to 3000: they are not here",
        "1 head from outside, of records before 3001",
    )
    gone = [*part[:10], *part[11:]]
    assert audit(gone, part=True).findings[0].text == "record 3011 is missing: 3012 follows 3010"


def test_only_what_could_not_be_checked_is_told_so(records, keys):
    """Each line is there where it is true, and nowhere else."""
    ours, _ = keys
    no_head = "whether the end was cut off, an old backup restored or all of it written anew: no head from"
    assert [one[: len(no_head)] for one in audit(records[:9], part=True).unchecked] == [no_head]
    part = audit(records[1:9], [head(records[8], ours)], trusted(ours), part=True)
    assert part.unchecked == ("records 1 to 1: they are not here",)
    first = audit(records[1:9], [head(records[1], ours), head(records[8], ours)], trusted(ours), part=True)
    assert (first.outside, first.unchecked) == (2, part.unchecked)
    broken = audit([*records[:4], *records[5:9]])
    assert broken.unchecked == (
        "the chain behind the break: only the records before it are known to be as written",
    )
    inside = audit(with_head(ours, {}))
    assert inside.unchecked[-1] == "signatures: no public key is known (--public-key)"
    assert not any("signatures" in one for one in audit(records[:9]).unchecked)


def test_what_could_not_be_read_to_its_end_is_not_called_cut_off(records, keys):
    auditor = Auditor([head(records[8], keys[0])], trusted(keys[0]))
    auditor.take(records[0])
    auditor.fail("the page is torn")
    assert [one.what for one in auditor.done().findings] == ["unreadable"]


def test_a_long_check_tells_how_far_it_came(records):
    told = []
    audit(records[:2_500], seen=told.append)
    assert told == [1_000, 2_000]


def test_variables_are_what_stands_in_a_list_named_env():
    """Other things of that name, and other lists, stay as they are."""
    plain = {
        "env": "prod",
        "labels": {"env": {"value": "x"}},
        "other": [{"name": "a", "value": "b"}],
        "n": "env",
    }
    assert veil(plain, "") == plain
    assert veil({"env": ["text", {"name": "A"}, {"name": "B", "value": ""}]}, "") == {
        "env": ["text", {"name": "A"}, {"name": "B", "value": ""}]
    }
    assert veil({"env": ({"name": "A", "value": 7},)}, "")["env"][0]["value"].startswith("(hidden sha256:")
    assert not is_veiled(plain)
    assert is_veiled(veil({"env": [{"value": SECRET}]}, ""))


def test_a_chain_is_followed_from_any_place():
    records = journal_of(20)
    assert first_break(records) == ""
    assert first_break(records[10:], (10, records[9].hash)) == ""
    assert first_break(records[10:], (10, "0" * 64)).startswith("record 11 does not follow record 10")


def test_what_a_store_refuses_to_read_is_a_finding():
    def reads():
        yield from journal_of(3)
        raise Rejected("record 4 was changed: its payload is not JSON")

    (finding,) = audit(reads()).findings
    assert (finding.seq, finding.what) == (4, "unreadable")


def test_a_head_is_one_word_and_is_found_again_in_whatever_it_was_pasted_into(keys):
    """S9: a name of a cluster cannot break out of it."""
    ours, _ = keys
    record = seal(Entry("decided", "i", NOW, {}), (0, ""), 3)
    for cluster in ("", "-", "prod-eu", "my_cluster.x~y", "a b/c\n<!channel> %41", "größe"):
        one = head(record, ours, cluster)
        assert str(one).isascii()
        assert not set(str(one)) & set(" \n<>|&\"'_*~`.:@")  # nothing that a chat makes something else of
        pasted = f'{{"event":"head_signed","head":"{one}"}}\n*{one}*, `{one}`|{one}'
        assert heads_in(pasted) == (one,)
        assert trusted(ours)(one) == ""


@given(st.text())
def test_no_text_is_taken_for_a_head_that_is_none(text):
    assert heads_in(text) == ()


def test_a_head_comes_back_from_the_journal_as_it_was(keys):
    ours, _ = keys
    record = seal(Entry("decided", "i", NOW, {}), (0, ""), 3)
    one = head(record, ours)
    assert head_of(head_entry(one, NOW)) == one
    with pytest.raises(ValueError, match="expected a signed head"):
        head_of(Entry("head_signed", "audit", NOW, {"seq": 1}))


ENV = {"env": [{"name": "PASSWORD", "value": SECRET}, {"name": "REF", "valueFrom": {"secretKeyRef": {}}}]}
TEXT = f'kubectl patch deployment/web -p \'{{"env":[{{"name":"P","value":"{SECRET}"}}]}}\''
LOUD = {
    "change": {"patch": {"spec": {"template": {"spec": {"containers": [{"name": "app", **ENV}]}}}}},
    "command": TEXT,
    "reasons": [{"text": f"the API server would refuse it: no{BY_HAND}{TEXT}"}, {"text": "calm"}],
}


def test_a_record_leaves_the_journal_without_values_of_variables_and_still_verifies():
    """S8, S10: the hash is over digests of them."""
    first = seal(Entry("decided", "i", NOW, LOUD), (0, ""), 0)
    second = seal(Entry("decided", "i", NOW, {"n": 1}), (1, first.hash), 0)
    shown = [veiled(first), veiled(second)]
    assert SECRET not in str(shown)
    assert "the API server would refuse it: no; by hand: (hidden" in str(shown[0]).replace(
        BY_HAND, "; by hand: "
    )
    assert "valueFrom" in str(shown[0])
    assert audit(shown).intact
    assert veiled(shown[0]) == shown[0]


def test_an_edited_value_or_an_edited_veil_is_found():
    def with_value(value):
        return {"env": [{"name": "PASSWORD", "value": value}]}

    sealed = seal(Entry("decided", "i", NOW, with_value(SECRET)), (0, ""), 0)
    for payload in (with_value("other"), with_value("(hidden sha256:" + "0" * 64 + ")")):
        edited = replace(sealed, entry=replace(sealed.entry, payload=payload))
        assert [one.what for one in audit([edited]).findings] == ["changed"]


def test_the_same_value_looks_different_in_every_record():
    """Nobody learns from an export that two variables are the same."""
    shown = [str(veiled(seal(Entry("d", "i", NOW, ENV), (at, "a" * at), 0)).entry.payload) for at in range(3)]
    assert all(one != other for one, other in pairwise(shown))


def test_records_of_an_older_version_still_verify(keys):
    """Their hash is over the payload in the open; what is written after them is of the newer form."""
    entry = Entry("decided", "i", NOW, LOUD)
    old = Record(1, 0, entry, "", _old_hash(entry, 1, 0, ""))
    new = seal(entry, (1, old.hash), 0)
    assert audit([old, new]).intact
    assert old.hash != _hash(entry, 1, 0, "")
    edited = replace(old, entry=replace(entry, at_ms=NOW + 1))
    assert not audit([edited, new]).intact


def test_a_lie_is_a_lie(records):
    """Or the tests above would find nothing where nothing is."""
    for kind in LIES:
        changed = lie(records[:10], kind, 5)
        assert changed != records[:10]


def test_a_key_is_made_once_for_its_owner_alone_and_read_again(tmp_path):
    signer = make_key(tmp_path / "state" / "audit.key")
    assert (tmp_path / "state" / "audit.key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "state" / "audit.key").public == signer.public
    assert [one.name for one in (tmp_path / "state").iterdir()] == ["audit.key"]
