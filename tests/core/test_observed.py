"""The observed state of Azure: what was read, what does not exist, and what is not known."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.readings.embedded import peerings_of, rules_of_group, subnets_of
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present, Read, Unread
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT, HUB, SPOKE, SUBNET, ZONE
from tests.builders.networks import GROUP, OUR_RULE, PEERING, group, half, other, our_rule, subnet

REFUSED = Unread("no right to read it", refused=True)
ENDPOINT = HUB.group.resource("Microsoft.Network/privateEndpoints", "pe")
ZONE_GROUP = ENDPOINT.child("privateDnsZoneGroups", "causeway")
LINK = ZONE.child("virtualNetworkLinks", "spoke")
EMBEDDED = (SUBNET, PEERING.id, OUR_RULE)
LISTED = (LINK, ZONE_GROUP)
EVERY = (HUB, ENDPOINT, ZONE, *EMBEDDED, *LISTED)


def seen(at: ResourceId, **properties: Any) -> Seen:
    return Seen(at, {"id": at.text, "name": at.name, "properties": properties})


def network(**properties: Any) -> Seen:
    """A network with one subnet, and with properties that are unknown to Causeway."""
    return seen(HUB, subnets=[subnet().body], novel={"kept": True}, **properties)


def parent_of(at: ResourceId) -> ResourceId:
    assert at.parent is not None
    return at.parent


def listing(*members: Seen, at: float = 0.0) -> Observed:
    """A zone's links as a list returned them."""
    return Observed().with_members(ZONE, "virtualNetworkLinks", Present(Members(members), at))


# The three answers


@pytest.mark.parametrize("at", EVERY)
def test_what_was_never_read_is_neither_present_nor_absent(at: ResourceId) -> None:
    nothing = Observed()
    assert isinstance(nothing.reading(at), Unread)
    assert nothing.present(at) is None
    assert not nothing.absent(at)
    assert not nothing.known(at)
    assert nothing.refused(at) is None
    assert not nothing.answers(Read(at))


@pytest.mark.parametrize("at", EVERY)
def test_what_could_not_be_read_is_neither_present_nor_absent_and_says_why(at: ResourceId) -> None:
    refused = Observed().with_object(at, REFUSED)
    assert refused.present(at) is None
    assert not refused.absent(at)
    assert not refused.known(at)
    assert refused.refused(at) == "no right to read it"
    assert refused.answers(Read(at))


@pytest.mark.parametrize("at", EVERY)
def test_what_azure_says_does_not_exist_is_absent(at: ResourceId) -> None:
    absent = Observed().with_object(at, Absent())
    assert absent.absent(at)
    assert absent.known(at)
    assert absent.present(at) is None
    assert absent.refused(at) is None
    assert absent.answers(Read(at))


def test_an_object_whose_later_read_was_refused_is_not_known_any_more() -> None:
    observed = Observed().with_object(ENDPOINT, Present(bodies.endpoint(ENDPOINT)))
    assert not observed.with_object(ENDPOINT, REFUSED).known(ENDPOINT)


def test_an_observed_state_is_a_value_that_a_later_read_does_not_change() -> None:
    before = Observed().with_object(ENDPOINT, Absent())
    before.with_object(ENDPOINT, Present(bodies.endpoint(ENDPOINT)))
    before.with_object(HUB, Present(network()))
    assert before.absent(ENDPOINT)
    assert not before.known(HUB)


# Children in their parent's body


@pytest.mark.parametrize("at", EMBEDDED)
def test_a_child_in_its_parents_body_is_absent_only_if_the_parent_was_read(at: ResourceId) -> None:
    parent = parent_of(at)
    assert Observed().with_object(parent, Present(seen(parent))).absent(at)
    assert Observed().with_object(parent, Absent()).absent(at)
    refused = Observed().with_object(parent, REFUSED)
    assert not refused.absent(at)
    assert refused.refused(at) == "no right to read it"


@pytest.mark.parametrize("at", EMBEDDED)
def test_a_child_in_its_parents_body_needs_no_read_of_its_own(at: ResourceId) -> None:
    observed = Observed().with_object(parent_of(at), Present(seen(parent_of(at))))
    assert observed.answers(Read(at))
    assert observed.answers(Read(parent_of(at), at.collection))


def test_children_are_found_in_the_body_by_their_id_and_by_their_collection() -> None:
    hub = network(virtualNetworkPeerings=[half().body])
    observed = Observed().with_object(HUB, Present(hub, 7.0))
    assert observed.reading(SUBNET) == Present(subnet(), 7.0)
    assert observed.reading(PEERING.id) == Present(half(), 7.0)
    assert observed.listed(HUB, "SUBNETS") == (subnet(),)
    assert Observed().with_object(GROUP, Present(group(our_rule()))).present(OUR_RULE) == our_rule()


def test_a_child_without_an_id_has_the_one_that_its_name_gives_it() -> None:
    body = {"name": "endpoints", "properties": {"addressPrefix": "10.0.1.0/24"}}
    observed = Observed().with_object(HUB, Present(seen(HUB, subnets=[body])))
    found = observed.present(SUBNET)
    assert found is not None
    assert found.properties == {"addressPrefix": "10.0.1.0/24"}


@pytest.mark.parametrize("name", [None, "", 7])
def test_a_child_without_an_id_or_a_name_is_left_out(name: Any) -> None:
    observed = Observed().with_object(HUB, Present(seen(HUB, subnets=[{"name": name}, subnet().body])))
    assert [one.id for one in observed.listed(HUB, "subnets")] == [SUBNET]


def test_children_follow_a_later_read_of_their_parent() -> None:
    observed = Observed().with_object(HUB, Present(network()))
    later = observed.with_object(HUB, Present(seen(HUB, subnets=[])))
    assert later.absent(SUBNET)
    assert observed.with_object(HUB, Absent()).absent(SUBNET)
    assert not observed.with_object(HUB, REFUSED).known(SUBNET)


@pytest.mark.parametrize("older", [Present(subnet("Enabled")), Absent(), REFUSED])
def test_a_later_read_of_the_parent_counts_more_than_an_earlier_one_of_the_child(older: Any) -> None:
    observed = Observed().with_object(SUBNET, older)
    assert observed.with_object(HUB, Present(network())).present(SUBNET) == subnet()
    assert observed.with_object(HUB, Absent()).absent(SUBNET)


@pytest.mark.parametrize("child", LISTED)
def test_a_child_that_its_parents_body_does_not_list_stays_known_after_a_read_of_the_parent(
    child: ResourceId,
) -> None:
    observed = Observed().with_object(child, Present(seen(child)))
    parent = parent_of(child)
    assert observed.with_object(parent, Present(seen(parent))).present(child) == seen(child)


def test_a_later_read_of_the_child_counts_more_than_the_parents_body() -> None:
    observed = Observed().with_object(HUB, Present(network()))
    assert observed.with_object(SUBNET, Present(subnet("Enabled"))).present(SUBNET) == subnet("Enabled")
    assert observed.with_object(SUBNET, Absent()).absent(SUBNET)
    refused = observed.with_object(SUBNET, REFUSED)
    assert not refused.known(SUBNET)
    assert refused.with_object(SUBNET, Present(subnet("Enabled"))).present(SUBNET) == subnet("Enabled")


# Answers of writes


def test_a_written_child_is_in_its_parents_body_beside_its_siblings() -> None:
    beside = seen(HUB.child("subnets", "others"), addressPrefix="10.0.2.0/24")
    hub = seen(HUB, subnets=[subnet().body, beside.body], novel={"kept": True})
    hub = Seen(HUB, {**hub.body, "location": "westeurope"})
    written = subnet("Enabled")
    observed = Observed().with_object(HUB, Present(hub)).with_written({SUBNET: written})
    found = observed.present(HUB)
    assert found is not None
    assert {one.id: one.properties for one in subnets_of(found).items} == {
        SUBNET: written.properties,
        beside.id: beside.properties,
    }
    assert (found.properties["novel"], found.body["location"]) == ({"kept": True}, "westeurope")
    assert observed.present(SUBNET) == written


def test_a_written_child_keeps_what_its_answer_leaves_out() -> None:
    hub = Seen(HUB, {"properties": {"subnets": [{**subnet().body, "novel": 1}]}})
    answer = Seen(SUBNET, {"properties": {"addressPrefix": "10.0.1.0/24"}})
    found = Observed().with_object(HUB, Present(hub)).with_written({SUBNET: answer}).present(SUBNET)
    assert found is not None
    assert found.body["novel"] == 1
    assert found.properties == {"addressPrefix": "10.0.1.0/24"}


def test_a_new_child_joins_a_parent_that_had_none() -> None:
    observed = Observed().with_object(HUB, Present(seen(HUB))).with_object(GROUP, Present(group()))
    observed = observed.with_written({PEERING.id: half(), OUR_RULE: our_rule()})
    hub, nsg = observed.present(HUB), observed.present(GROUP)
    assert hub is not None
    assert nsg is not None
    assert [one.id for one in peerings_of(hub).items] == [PEERING.id]
    assert [one.id for one in rules_of_group(nsg).items] == [OUR_RULE]


def test_an_answer_with_another_name_replaces_both() -> None:
    by_hand = half(HUB.child("virtualNetworkPeerings", "by-hand"))
    hub = seen(HUB, virtualNetworkPeerings=[by_hand.body, half().body])
    newer = half(by_hand.id, peeringState="Initiated")
    found = Observed().with_object(HUB, Present(hub)).with_written({PEERING.id: newer})
    assert [one.properties for one in found.listed(HUB, "virtualNetworkPeerings")] == [newer.properties]


def test_a_deleted_child_is_removed_from_its_parents_body() -> None:
    observed = Observed().with_object(GROUP, Present(group(our_rule(), other("mine", 300))))
    later = observed.with_written({OUR_RULE: None})
    assert later.absent(OUR_RULE)
    assert [one.id.name for one in later.listed(GROUP, "securityRules")] == ["mine"]


def test_answers_about_children_are_newer_than_their_parents_whatever_their_order() -> None:
    answers = {OUR_RULE: our_rule(), GROUP: group()}
    for order in (answers, dict(reversed(answers.items()))):
        assert Observed().with_written(order).present(OUR_RULE) is not None


def test_an_answer_of_a_write_is_marked_with_its_time() -> None:
    observed = Observed().with_written({ENDPOINT: bodies.endpoint(ENDPOINT), ZONE: None}, 9.0)
    assert observed.reading(ENDPOINT) == Present(bodies.endpoint(ENDPOINT), 9.0, written=True)
    assert observed.reading(ZONE) == Absent(9.0)


def test_a_child_written_below_a_parent_that_was_not_read_is_known_alone() -> None:
    observed = Observed().with_written({OUR_RULE: our_rule()})
    assert observed.present(OUR_RULE) == our_rule()
    assert not observed.known(GROUP)


# Lists


def test_a_list_shows_what_exists_and_what_does_not() -> None:
    observed = listing(bodies.zone_link(LINK), at=5.0)
    assert observed.reading(LINK) == Present(bodies.zone_link(LINK), 5.0)
    assert observed.reading(ZONE.child("virtualNetworkLinks", "hub")) == Absent(5.0)
    assert observed.listed(ZONE, "VIRTUALNETWORKLINKS") == (bodies.zone_link(LINK),)
    assert not observed.known(ZONE.child("A", "orders"))


def test_a_list_that_was_refused_leaves_its_members_unknown() -> None:
    observed = Observed().with_members(ZONE, "virtualNetworkLinks", REFUSED)
    assert observed.listed(ZONE, "virtualNetworkLinks") == ()
    assert not observed.absent(LINK)
    assert observed.refused(ZONE, "virtualNetworkLinks") == observed.refused(LINK) == "no right to read it"
    assert observed.answers(Read(ZONE, "virtualNetworkLinks"))


def test_a_listed_member_may_be_older_than_a_read_of_its_own() -> None:
    observed = listing(bodies.zone_link(LINK))
    assert not observed.answers(Read(LINK))
    assert observed.with_object(LINK, Absent()).answers(Read(LINK))


def test_a_member_that_was_read_again_alone_changes_the_list_too() -> None:
    newer = bodies.zone_link(LINK, state="InProgress")
    beside = bodies.zone_link(ZONE.child("virtualNetworkLinks", "hub"), network=HUB)
    observed = listing(bodies.zone_link(LINK), beside)
    again = observed.with_object(LINK, Present(newer))
    assert again.present(LINK) == newer
    assert {one.id for one in again.listed(ZONE, "virtualNetworkLinks")} == {LINK, beside.id}
    assert newer in again.listed(ZONE, "virtualNetworkLinks")
    gone = observed.with_object(LINK, Absent())
    assert gone.absent(LINK)
    assert gone.listed(ZONE, "virtualNetworkLinks") == (beside,)


def test_a_member_that_could_not_be_read_again_stays_in_the_list_but_is_not_known() -> None:
    observed = listing(bodies.zone_link(LINK)).with_object(LINK, REFUSED)
    assert not observed.known(LINK)
    assert observed.listed(ZONE, "virtualNetworkLinks") == (bodies.zone_link(LINK),)


def test_a_later_list_counts_more_than_earlier_reads_of_its_members() -> None:
    observed = listing(bodies.zone_link(LINK)).with_object(LINK, Absent())
    later = observed.with_members(ZONE, "VirtualNetworkLinks", Present(Members((bodies.zone_link(LINK),))))
    assert later.present(LINK) == bodies.zone_link(LINK)


# Below an absent parent


@pytest.mark.parametrize("at", LISTED)
def test_what_was_listed_below_an_object_is_absent_once_the_object_is(at: ResourceId) -> None:
    parent, collection = parent_of(at), at.collection
    listed = Observed().with_members(parent, collection, Present(Members((seen(at),))))
    for observed in (listed, listed.with_object(at, Present(seen(at)))):
        deleted = observed.with_written({parent: None}, 3.0)
        assert deleted.reading(at) == Absent(3.0)
        assert deleted.listed(parent, collection) == ()


def test_what_was_written_below_an_absent_object_is_its_only_member() -> None:
    absent = Observed().with_object(ZONE, Absent()).with_members(ZONE, "virtualNetworkLinks", Absent())
    written = absent.with_written({ZONE: bodies.zone(), LINK: bodies.zone_link(LINK)})
    assert written.listed(ZONE, "virtualNetworkLinks") == (bodies.zone_link(LINK),)
    assert written.absent(ZONE.child("virtualNetworkLinks", "hub"))


def test_an_absent_sibling_leaves_what_is_below_another_object_unknown() -> None:
    other_zone = ZONE.group.resource(ZONE.type, "privatelink.example.com")
    observed = listing(bodies.zone_link(LINK)).with_object(other_zone, Absent())
    assert observed.present(LINK) is not None


# Removed from the observed state


def test_an_object_is_forgotten_with_what_is_listed_below_it() -> None:
    observed = listing(bodies.zone_link(LINK)).with_object(ZONE, Present(bodies.zone()))
    observed = observed.with_object(HUB, Present(network())).with_object(ENDPOINT, Absent())
    left = observed.without([ZONE, HUB])
    for at in (ZONE, LINK, HUB, SUBNET):
        assert not left.known(at)
    assert left.absent(ENDPOINT)


def test_objects_of_a_type_are_those_that_were_read_alone_and_exist() -> None:
    foreign = HUB.group.resource("microsoft.network/PRIVATEENDPOINTS", "foreign")
    observed = Observed().with_object(foreign, Present(bodies.endpoint(foreign)))
    observed = observed.with_object(ENDPOINT, Absent()).with_object(HUB, Present(network()))
    assert [one.id for one in observed.of_type("Microsoft.Network/privateEndpoints")] == [foreign]


def test_a_picture_since_a_moment_has_no_older_reading_and_no_answer_of_a_write() -> None:
    old, new = Present(Seen(HUB, {}), 9.0), Present(Seen(SPOKE, {}), 10.0)
    view = Observed().alone(HUB, old).alone(SPOKE, new).alone(ZONE, Absent(9.9))
    view = view.alone(ACCOUNT, Present(Seen(ACCOUNT, {}), 11.0, written=True))
    view = view.with_members(ZONE, "A", Present(Members(), 9.0))
    later = view.since(10.0)
    assert set(later.objects) == {SPOKE}
    assert not later.collections
    assert later.since(10.0) is later


def test_what_was_refused_stays_unread_in_a_later_picture() -> None:
    refused = Unread("no right", refused=True)
    assert Observed().alone(HUB, refused).since(99.0).refused(HUB) == "no right"
