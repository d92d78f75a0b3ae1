"""The command `doctor`: each part of Pagewise is looked at, and what doesn't work is named with its fix."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from rag import cli
from rag.doctor import checks
from rag.doctor.checks import Check, Finding
from rag.settings import Settings

_LANGUAGE_MODEL = "language model"
_WIDTH = 16
"""Characters of the longest name of a check."""


def run_doctor(options: argparse.Namespace) -> int:
    """Look at everything; exit code 1 if something is wrong."""
    settings = cli.load_settings(options)
    found: dict[str, Finding] = {}
    milliseconds: dict[str, float] = {}
    with cli.logging_errors_alone():
        for name, finding, took in find_all(settings, options.host, options.port):
            found[name], milliseconds[name] = finding, took
            if not options.json:
                _show(name, finding)
    is_ok = all(finding.ok for finding in found.values())
    if options.json:
        listed = [{"name": name, **asdict(one), "milliseconds": milliseconds[name]} for name, one in found.items()]
        cli.print_json({"ok": is_ok, "checks": listed})
    else:
        wrong = sum(not finding.ok for finding in found.values())
        cli.show("Everything works." if is_ok else f"{wrong} of {len(found)} parts need attention.")
    return 0 if is_ok else 1


def make_checks(host: str, port: int) -> Mapping[str, Check]:
    """All checks by name, in the order in which they are told."""
    return {
        "interpreter": checks.check_interpreter,
        "packages": checks.check_packages,
        "disk": checks.check_disk,
        "corpus": checks.check_corpus,
        "index": checks.check_index,
        "embedding model": checks.check_embedding_model,
        "reranking model": checks.check_reranking_model,
        _LANGUAGE_MODEL: checks.check_language_model,
        "port": checks.make_port_check(host, port),
        "browser page": checks.check_page,
    }


def find_all(settings: Settings, host: str, port: int) -> Iterator[tuple[str, Finding, float]]:
    """Each check's name, what it found and its milliseconds, in their order.

    The language model, which may be waited for, is looked for beside the others. These run one after another, since
    Python may import half of a library for two threads that import it at once.
    """

    def run(check: Check) -> tuple[Finding, float]:
        began = time.perf_counter()
        try:
            finding = check(settings)
        except Exception as exc:  # one check that breaks must not hide what the others found
            finding = Finding(False, f"This could not be checked ({type(exc).__name__}: {exc}).", "Report it.")
        return finding, round((time.perf_counter() - began) * 1000, 1)

    all_checks = make_checks(host, port)
    with ThreadPoolExecutor(1, "doctor") as pool, ThreadPoolExecutor(1, "doctor-model") as beside:
        running = {
            name: (beside if name == _LANGUAGE_MODEL else pool).submit(run, check) for name, check in all_checks.items()
        }
        for name, future in running.items():
            yield name, *future.result()


def _show(name: str, finding: Finding) -> None:
    cli.show(f"{'ok   ' if finding.ok else 'WRONG'}  {name:{_WIDTH}} {finding.detail}")
    if finding.fix:
        cli.show(f"{'':7}{'':{_WIDTH}} Fix: {finding.fix}")
