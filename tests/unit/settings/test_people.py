"""Who may answer is named so that it can be meant by one person only, or it is an error (H4, H5)."""

import pytest

from aiops.settings import load
from tests.unit.settings.folders import folder, problems

GOOD = """
approvals:
  timezone: Europe/Berlin
  second_tier: [lead, granted-by-the-api-server]
  people:
    ann: {slack: [T0123/U0456], kubernetes: [ann@example.org], local: [ann]}
    bob: {slack: [T0123/W0789]}
  roles:
    on-call: {people: [ann], slack_groups: [S0123]}
    lead: {slack_users: [T0123/U0999], kubernetes_groups: ["oidc:leads"], namespaces: [shop]}
"""


def test_people_roles_and_groups_are_read(tmp_path):
    approvals = load(folder(tmp_path, GOOD)).approvals
    assert approvals.roles["on-call"].people == ("ann",)
    assert approvals.people["ann"].kubernetes == ("ann@example.org",)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("Europe/Berlin", "Berlin", "approvals.timezone: expected a name such as Europe/Berlin"),
        ("people: [ann]", "people: [an]", 'roles.on-call.people[0]: expected "ann" (did you mean that?)'),
        ("T0123/U0999", "'@lea'", "roles.lead.slack_users[0]: expected ids of team and user"),
        ("T0123/U0999", "U0999", "roles.lead.slack_users[0]: expected ids of team and user"),
        ("T0123/W0789", "bob", "people.bob.slack[0]: expected ids of team and user"),
        ("S0123", "on-call", "roles.on-call.slack_groups[0]: expected the id of a user group"),
        ("[shop]", "['shop-*']", "roles.lead.namespaces[0]: expected the exact name of a namespace"),
        (
            '"oidc:leads"',
            "' leads'",
            "roles.lead.kubernetes_groups[0]: expected as the API server names them",
        ),
        ("local: [ann]", "local: ['']", "people.ann.local[0]: expected names of users"),
        (
            "second_tier",
            "kubernetes_access: false\n  second_tier",
            "approvals.second_tier[1]: expected one of lead, on-call",
        ),
        ("slack_groups: [S0123]", "slack_group: [S0123]", '"slack_groups" (did you mean that?)'),
    ],
)
def test_a_name_that_could_mean_nobody_is_refused(tmp_path, before, after, says):
    assert before in GOOD
    (told,) = problems(folder(tmp_path, GOOD.replace(before, after)))
    assert says in told


def test_an_identity_of_two_people_is_refused_at_both(tmp_path):
    """H5: whoever has it would be two people, or neither."""
    told = problems(folder(tmp_path, GOOD.replace("T0123/W0789", "T0123/U0456")))
    assert [one.partition(" approvals.")[2].partition(":")[0] for one in told] == [
        "people.ann.slack[0]",
        "people.bob.slack[0]",
    ]


def test_a_role_that_names_nobody_is_refused(tmp_path):
    (told,) = problems(folder(tmp_path, "approvals: {roles: {on-call: {}}}"))
    assert "approvals.roles.on-call: expected people, users or groups, got nobody" in told


def test_without_people_a_name_leads_to_where_it_belongs(tmp_path):
    (told,) = problems(folder(tmp_path, "approvals: {roles: {on-call: {people: [ann]}}}"))
    assert "a name of approvals.people, where there is none yet" in told


def test_people_that_cannot_be_read_are_not_compared_with_roles(tmp_path):
    (told,) = problems(folder(tmp_path, GOOD.replace("T0123/W0789", "bob")))
    assert "people.bob.slack[0]" in told
