"""Whether DVC's cache and the outputs hold what dvc.lock says."""

from pathlib import Path

from croquis.core.pipeline import DVC_LOCK
from croquis.core.text import counted
from croquis.doctor.finding import Finding
from croquis.verify.contents import ReadBefore
from croquis.verify.survey import Survey, survey

LIMIT = 2 * 2**30  # bytes that are read at most, in two to four seconds
RELINK = "dvc checkout --relink, which makes copies of them"


def cache_findings() -> list[Finding]:
    """What `croquis verify` would say; what was read before and not touched is not read again."""
    if not DVC_LOCK.is_file():
        return [
            Finding("cache", "ok", "no dvc.lock yet, so nothing to compare with")
        ]
    before = ReadBefore()
    seen = survey(before=before, limit=LIMIT)
    before.save()
    return findings_of(seen, links_wanted=_links_wanted())


def findings_of(seen: Survey, *, links_wanted: bool) -> list[Finding]:
    """A survey as findings.

    Args:
        seen: of dvc.lock.
        links_wanted: whether the settings of DVC ask for hard links.
    """
    rest = ""
    if seen.unread:
        files = counted(seen.unread, "file")
        rest = f"; not read: {files}, {seen.unread_bytes / 2**30:,.1f} GB (`croquis verify`)"
    wrong = [*map(seen.text_of, seen.damaged), *seen.edited]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        said = f"not as dvc.lock has them: {', '.join(wrong[:3])}{more}{rest}"
        return [
            Finding("cache", "problem", said, "croquis verify, which says the rest")
        ]
    count = counted(len(seen.intact), "object")
    findings = [Finding("cache", "ok", f"{count} as dvc.lock has them{rest}")]
    if seen.linked and not links_wanted:
        files = counted(
            len(seen.linked), "output is a hard link", "outputs are hard links"
        )
        said = f"{files} to the cache: an edit in place would change both"
        findings.append(Finding("cache", "warning", said, RELINK))
    return findings


def _links_wanted() -> bool:
    from dvc.config import Config

    settings = Path(".dvc")
    config = Config(str(settings) if settings.is_dir() else None)
    return "hardlink" in (config["cache"].get("type") or [])
