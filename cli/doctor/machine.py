"""The machine: Python, and the packages that the extras of captionbot ask for."""

import sys
from importlib import metadata

from packaging.requirements import Requirement

from cli.doctor.finding import Finding, note, ok, wrong
from common.installation import NAME, remedy


async def check_python() -> list[Finding]:
    """Compare the running Python with the ones that captionbot supports."""
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info < (3, 13):
        return [ok("Python", version)]
    return [wrong("Python", f"{version} is not supported", "Use Python 3.11 or 3.12.")]


async def check_packages(extras: list[str]) -> list[Finding]:
    """Look for each package of the extras, in the versions that captionbot is tested with."""
    try:
        requirements = [Requirement(line) for line in metadata.requires(NAME) or []]
    except metadata.PackageNotFoundError:
        return [note("packages", "captionbot itself is not installed here, so its packages are not known", "")]
    troubles = [trouble for extra in ["", *extras] for need in requirements if (trouble := _trouble(need, extra))]
    if not troubles:
        return [ok("packages", f"all of {NAME}[{','.join(extras)}] are here")]
    how = f"Install what is missing: {remedy(','.join(extras))}."
    return [wrong("packages", "; ".join(dict.fromkeys(troubles)), how)]


def _trouble(need: Requirement, extra: str) -> str:
    if need.marker is not None and not need.marker.evaluate({"extra": extra}):
        return ""
    try:
        version = metadata.version(need.name)
    except metadata.PackageNotFoundError:
        return f"{need.name} is missing"
    return "" if need.specifier.contains(version) else f"{need.name} is {version}, not {need.specifier}"
