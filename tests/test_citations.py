"""Facts about Azure that code cites are in docs/azure, on the page that it names."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs" / "azure"
CODE = ("shared", "sandbox", "handlers", "causeway", "tests")
HEADING = re.compile(r"^### ([A-Z]+-\d\d)$", re.MULTILINE)
CITED = re.compile(r"docs/azure/([\w-]+\.md)(#[a-z]+-\d\d)?((?:,?(?: and| to)? [A-Z]+-\d\d)*)")
WITHOUT_FACTS = {"README.md", "recordings.md"}


def facts() -> dict[str, set[str]]:
    """The identifiers of each page."""
    return {page.name: set(HEADING.findall(page.read_text())) for page in DOCS.glob("*.md")}


def files(folders: Iterable[str] = CODE) -> Iterator[Path]:
    """Every file of code; the table's rows name their facts in a column of their own (test_facts.py)."""
    for folder in folders:
        yield from (REPOSITORY / folder).rglob("*.py")


def one_line(text: str) -> str:
    """The text without the line breaks and comment signs that may be inside a citation."""
    return re.sub(r"\s+(?:#\s+)?", " ", text)


def wrong(text: str, known: dict[str, set[str]]) -> list[str]:
    """What is wrong with the citations of a text: an unknown page or fact, or a page without a fact."""
    found = []
    for page, anchor, listed in CITED.findall(one_line(text)):
        ids = re.findall(r"[A-Z]+-\d\d", listed) + ([anchor[1:].upper()] if anchor else [])
        if page not in known:
            found.append(f"{page} does not exist")
        elif not ids and page not in WITHOUT_FACTS:
            found.append(f"{page} is cited without a fact")
        found += [f"{id} is not in {page}" for id in ids if id not in known.get(page, {id})]
    return found + _unknown(text, known)


def _unknown(text: str, known: dict[str, set[str]]) -> list[str]:
    """Identifiers that no page has, cited in short after the page was named."""
    every = set().union(*known.values())
    kinds = "|".join(sorted({id.split("-")[0] for id in every}))
    return [f"{id} is nowhere" for id in re.findall(rf"\b((?:{kinds})-\d\d)\b", text) if id not in every]


def test_every_fact_that_code_cites_is_documented():
    """But for this file, which quotes citations that are wrong."""
    known = facts()
    found = {
        str(file.relative_to(REPOSITORY)): faults
        for file in files()
        if file != Path(__file__) and (faults := wrong(file.read_text(), known))
    }
    assert found == {}


def test_every_fact_that_the_documents_mention_is_documented():
    known = facts()
    assert [fault for page in DOCS.glob("*.md") for fault in _unknown(page.read_text(), known)] == []


def test_no_fact_has_two_places_and_each_has_a_source():
    every = [id for page in DOCS.glob("*.md") for id in HEADING.findall(page.read_text())]
    assert len(every) == len(set(every)) > 150
    for page in DOCS.glob("*.md"):
        for fact in re.split(r"^### ", page.read_text(), flags=re.MULTILINE)[1:]:
            assert re.search(r"^Source: |\*\*assumed\*\*", fact, re.MULTILINE), f"{page.name}: {fact[:60]}"


def test_every_recording_that_the_documents_cite_is_listed():
    listed = set(re.findall(r"^\| (\w+) \|", (DOCS / "recordings.md").read_text(), re.MULTILINE))
    text = one_line(" ".join(page.read_text() for page in DOCS.glob("*.md")))
    named = set(re.findall(r"[Rr]ecordings? ([A-Z][a-z]+[A-Z]\w+)\b(?!/)", text))
    assert named - listed == set()
    assert len(named) > 30


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Source: docs/azure/zones.md, DNS-01.", "zones.md does not exist"),
        ("Source: docs/azure/dns.md, PE-01.", "PE-01 is not in dns.md"),
        ("Source: docs/azure/dns.md#dns-99", "DNS-99 is not in dns.md"),
        ("Source: docs/azure/dns.md.", "dns.md is cited without a fact"),
        ("Source: docs/azure/dns.md,\n    # DNS-01 and\n    # PE-02", "PE-02 is not in dns.md"),
        ("as PE-99 says", "PE-99 is nowhere"),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text, fault):
    assert fault in wrong(text, facts())


def test_a_citation_over_two_lines_is_understood():
    assert (
        wrong("Sources: docs/azure/dns.md, DNS-01 and\nDNS-02; docs/azure/peering.md#peer-03.", facts()) == []
    )


# The table's own folder is `tests/conformance/facts`; only pages of notes are meant.
OLD = re.compile(
    r"facts/[a-z-]+\.md|facts section|[Rr]ecorded ARM traffic|sources?: sections? \d|\(section \d+"
)


def test_no_code_cites_notes_that_are_not_in_the_repository():
    found = {
        str(file.relative_to(REPOSITORY)): cited
        for file in files()
        if file != Path(__file__) and (cited := OLD.findall(one_line(file.read_text())))
    }
    assert found == {}
