"""Plans for peerings: each pair is two objects, and one that cannot be made stops all."""

from dataclasses import replace

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.kinds.peering import Peering, peering_id
from shared.core.plan.actions import Action, Block, Create, Keep, Replace
from shared.core.plan.desired import Desired
from shared.core.plan.plan import plan
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE
from tests.builders.networks import PEERING as ONE
from tests.builders.networks import THIRD, half, vnet
from tests.builders.pictures import picture

OTHER = Peering(peering_id(SPOKE, HUB), SPOKE, HUB)


def peered(
    *pairs: Peering, hub: tuple[Seen, ...] = (), spoke: tuple[Seen, ...] = (), third: str = "10.3.0.0/16"
) -> dict[ResourceId, Action]:
    """The plan for these halves where the networks have those."""
    known = {
        HUB: vnet(HUB, "10.0.0.0/16", halves=hub),
        SPOKE: vnet(SPOKE, "10.1.0.0/16", halves=spoke),
        THIRD: vnet(THIRD, third),
    }
    desired = Desired(Target.parse(bodies.account()), "default", (), pairs)
    return {action.id: action for action in plan(desired, picture(known)).actions}


def test_a_new_half_of_a_peering_waits_for_the_replacement_of_the_other() -> None:
    actions = peered(ONE, OTHER, hub=(half(peeringState="Disconnected"),))
    assert isinstance(actions[ONE.id], Replace)
    assert actions[OTHER.id] == Create(OTHER, after=(ONE.id,))


def test_a_new_half_of_a_peering_is_blocked_with_the_other() -> None:
    foreign = half(HUB.child("virtualNetworkPeerings", "by-hand"), peeringState="Disconnected")
    actions = peered(ONE, OTHER, hub=(foreign,))
    blocks = [action for action in actions.values() if isinstance(action, Block)]
    assert [block.id for block in blocks] == [ONE.id, OTHER.id]
    assert blocks[0] == replace(blocks[1], id=ONE.id)


def test_a_half_that_exists_is_kept_though_the_other_is_blocked_or_replaced() -> None:
    existing = half(OTHER.id, HUB, peeringState="Initiated")
    foreign = half(HUB.child("virtualNetworkPeerings", "by-hand"), peeringState="Disconnected")
    assert isinstance(peered(ONE, OTHER, hub=(foreign,), spoke=(existing,))[OTHER.id], Keep)
    managed = half(peeringState="Disconnected")
    assert isinstance(peered(ONE, OTHER, hub=(managed,), spoke=(existing,))[OTHER.id], Keep)


def test_a_new_half_beside_one_that_exists_waits_for_nothing() -> None:
    actions = peered(ONE, OTHER, hub=(half(peeringState="Initiated"),))
    assert isinstance(actions[ONE.id], Keep)
    assert actions[OTHER.id] == Create(OTHER)


def test_where_one_network_can_never_be_peered_nothing_is_begun() -> None:
    to_third = Peering(peering_id(HUB, THIRD), HUB, THIRD)
    actions = peered(ONE, to_third, third="10.0.0.0/24")
    assert [(type(action), action.id) for action in actions.values()] == [
        (Block, ONE.id),
        (Block, to_third.id),
    ]
    assert {action.code for action in actions.values() if isinstance(action, Block)} == {
        "AddressSpacesOverlap"
    }


def test_two_new_peers_that_overlap_each_other_stop_both() -> None:
    to_third = Peering(peering_id(HUB, THIRD), HUB, THIRD)
    actions = peered(ONE, to_third, third="10.1.0.0/24")
    assert [type(action) for action in actions.values()] == [Block, Block]
    assert "overlap" in actions[ONE.id].reason


def test_two_peers_of_which_one_exists_stop_only_the_new_one() -> None:
    to_third = Peering(peering_id(HUB, THIRD), HUB, THIRD)
    actions = peered(ONE, to_third, hub=(half(),), third="10.1.0.0/24")
    assert [type(action) for action in actions.values()] == [Keep, Block]


def test_what_exists_is_kept_where_nothing_new_is_begun() -> None:
    to_third = Peering(peering_id(HUB, THIRD), HUB, THIRD)
    initiated = half(peeringState="Initiated")
    actions = peered(ONE, OTHER, to_third, hub=(initiated,), third="10.0.0.0/24")
    assert [type(actions[one.id]) for one in (ONE, OTHER, to_third)] == [Keep, Block, Block]
