"""What a network security group does to some traffic, by the rules that decide it in Azure.

Place in the data's way: after a group's rules were read (`nsg.py`), for whoever asks whether clients get
through to an endpoint: before our rules are planned, and in the proof.
Sources: Microsoft Learn, "Network security groups" (by priority, the first match decides; each direction by
itself) and "Virtual network service tags" (VirtualNetwork, Internet, AzureLoadBalancer).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.core.rules.nsg import GROUPED, Direction, Rule, is_prefix
from shared.core.rules.traffic import EVERYTHING, LAST_PORT, PRIVATE, Box, box, common, minus, ports_of

FIRST_FREE = 1024  # clients take their own port from here on (RFC 6056)
LOAD_BALANCER = "168.63.129.16"  # the host's virtual address, from which Azure's load balancers probe

type Boxes = tuple[Box, ...]
type Doubts = list[tuple[Rule, Boxes]]  # rules that cannot be decided, with the traffic they may be about


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all of the traffic passes, and the rules that say so.

    `allowed` is None where it hangs on a rule that cannot be decided: one with application security groups,
    or with a service tag whose public addresses are not known here; `by` names it. `foreign`: a rule among
    these is a person's. `part`: what is denied, where the same rules do not deny all of it.
    """

    allowed: bool | None
    by: str
    foreign: bool
    part: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked about: connections from all of some prefixes to one address, on a port or range of them.

    `virtual_network` is what the tag VirtualNetwork stands for: the prefixes of the network and of all that
    it is peered with.
    """

    direction: Direction
    sources: Sequence[str]
    address: str
    port: str
    virtual_network: Sequence[str] = ()
    protocol: str = "Tcp"

    @property
    def whole(self) -> Boxes:
        return tuple(box(prefix, ports_of(self.port)) for prefix in self.sources)

    @property
    def here(self) -> Boxes:
        return tuple(map(box, self.virtual_network))


def decide(rules: Iterable[Rule], traffic: Traffic) -> Verdict:
    """Ask the rules in Azure's order. Traffic that is denied in part is denied."""
    here, target = traffic.here, (box(traffic.address),)
    whole = rest = traffic.whole
    allowing: list[Rule] = []
    doubts: Doubts = []
    for rule in _asked(rules, traffic):
        matched, possible = _matched(rule, rest, target, here)
        if minus(possible, matched):
            doubts.append((rule, possible))
        if matched and not rule.allows:
            return _denied(rule, matched, whole, doubts)
        if matched:
            allowing.append(rule)
            rest = minus(rest, matched)
        if not rest:
            break
    return _passed(allowing, rest, doubts)


def shut(rules: Iterable[Rule], traffic: Traffic) -> bool:
    """None of the traffic passes, whatever rules that cannot be decided turn out to mean."""
    here, target = traffic.here, (box(traffic.address),)
    rest = traffic.whole
    for rule in _asked(rules, traffic):
        matched, possible = _matched(rule, rest, target, here)
        if rule.allows and possible:
            return False
        if any(low <= FIRST_FREE and high == LAST_PORT for low, high in map(ports_of, rule.source_ports)):
            rest = minus(rest, matched)
    return True


def _asked(rules: Iterable[Rule], traffic: Traffic) -> Iterator[Rule]:
    """The rules that say something of the traffic's direction and protocol, in Azure's order."""
    direction, protocols = traffic.direction.lower(), (traffic.protocol.lower(), "*")
    for rule in sorted(rules, key=lambda rule: rule.priority):
        if rule.direction == direction and rule.protocol in protocols:
            yield rule


def _matched(rule: Rule, rest: Boxes, target: Boxes, here: Boxes) -> tuple[Boxes, Boxes]:
    """What of the traffic a rule surely matches, and what it may match.

    A rule for some source ports cannot let a client through, which takes any; but it can shut one out.
    """
    if rule.allows and not any(
        low <= 1 and high == LAST_PORT for low, high in map(ports_of, rule.source_ports)
    ):
        return (), ()
    to, to_maybe = _spans(rule.destinations, here)
    if not common(target, (*to, *to_maybe)):
        return (), ()
    runs = tuple(map(ports_of, rule.destination_ports))
    ports = [replace(one, low=low, high=high) for one in EVERYTHING for low, high in runs]
    open_ports = common(rest, ports)
    sure, maybe = _spans(rule.sources, here)
    possible = common(open_ports, (*sure, *maybe))
    return (common(open_ports, sure) if common(target, to) else ()), possible


def _spans(texts: Iterable[str], here: Boxes) -> tuple[Boxes, Boxes]:
    """The addresses that a rule surely means by its words, and those that it may mean besides."""
    sure: list[Box] = []
    maybe: list[Box] = []
    for text in texts:
        match text.lower():
            case "*" | "any":
                sure += EVERYTHING
            case "virtualnetwork":
                sure += here
            case "internet":
                sure += minus(EVERYTHING, (*here, *PRIVATE))
            case "azureloadbalancer":
                sure.append(box(LOAD_BALANCER))
            case grouped if grouped == GROUPED:
                maybe += EVERYTHING
            case _ if is_prefix(text):
                sure.append(box(text))
            case _:  # the service tags are sets of public addresses
                maybe += minus(EVERYTHING, PRIVATE)
    return tuple(sure), tuple(maybe)


def _denied(rule: Rule, matched: Boxes, whole: Boxes, doubts: Doubts) -> Verdict:
    sure = matched
    for doubt, possible in doubts:
        sure = minus(sure, possible) if doubt.allows else sure
        if not sure:
            return Verdict(None, doubt.name, doubt.foreign)
    limited = "" if "*" in rule.source_ports else f" from source ports {', '.join(rule.source_ports)}"
    part = f"{sure[0]}{limited}" if limited or minus(whole, sure) else ""
    return Verdict(allowed=False, by=rule.name, foreign=rule.foreign, part=part)


def _passed(allowing: list[Rule], rest: Boxes, doubts: Doubts) -> Verdict:
    for doubt, _ in doubts:
        if rest or not doubt.allows:
            return Verdict(None, doubt.name, doubt.foreign)
    if rest:
        return Verdict(allowed=False, by="no rule", foreign=False, part=str(rest[0]))
    names = ", ".join(rule.name for rule in allowing)
    return Verdict(bool(allowing) or None, names or "no source", any(rule.foreign for rule in allowing))
