"""robots.txt, as RFC 9309 has it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import unquote

LARGEST = 512_000  # bytes that are looked at, as the RFC suggests


@dataclass(frozen=True)
class Robots:
    """The rules for one agent on one host.

    Attributes
    ----------
    rules
        Patterns of paths, each with whether it allows; the longest that matches decides.
    delay
        Seconds that the host wants between two requests (`Crawl-delay`, outside the RFC).
    why
        What is said of a path that may not be fetched.
    """

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float = 0.0
    why: str = "robots.txt"

    def allow(self, path: str) -> bool:
        """Whether a path, with its query, may be fetched."""
        matching = [(len(pattern), allows) for pattern, allows in self.rules if _matches(unquote(path), pattern)]
        return max(matching, default=(0, True))[1]


def nothing(why: str) -> Robots:
    """Allow nothing, since the rules cannot be had."""
    return Robots((("/", False),), why=f"robots.txt cannot be had: {why}")


def parse(text: str, agent: str) -> Robots:
    """Read the rules for an agent's product token: those of its own groups, else those for all."""
    groups: dict[str, list[tuple[str, str]]] = {}
    agents: list[str] = []
    open_for_agents = False
    for line in text.lstrip("\ufeff").splitlines():
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        key = key.lower()
        if key == "user-agent":
            if not open_for_agents:
                agents = []
            agents.append(value.partition("/")[0].strip().lower())
            groups.setdefault(agents[-1], [])
            open_for_agents = True
        elif key in ("allow", "disallow", "crawl-delay"):
            open_for_agents = False
            for each in agents:
                groups[each].append((key, value))
    lines = groups.get(agent.lower(), groups.get("*", []))
    rules = tuple((unquote(value), key == "allow") for key, value in lines if key != "crawl-delay" and value)
    return Robots(rules, max((_seconds(value) for key, value in lines if key == "crawl-delay"), default=0.0))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _matches(path: str, pattern: str) -> bool:
    """Compare without regular expressions, which a hostile pattern makes take for ever."""
    pattern, ends = (pattern[:-1], True) if pattern.endswith("$") else (pattern, False)
    first, *others = pattern.split("*")
    if not path.startswith(first):
        return False
    place = len(first)
    if not others:
        return not ends or place == len(path)
    *middle, last = others
    for part in middle:
        found = path.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(path) - len(last) >= place and path.endswith(last) if ends else path.find(last, place) >= 0
