"""`verilane bench`: the run, its JSON, and the page as a browser shows it."""

import json
import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cli_files import assert_one_line, run
from verilane.benchmark.charts import overtaking
from verilane.benchmark.measure import interleaved, percentiles
from verilane.benchmark.page import page
from verilane.benchmark.run import FORMAT
from verilane.benchmark.summary import best_by_size, break_even, costs

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Nothing is to be loaded into it, as into Python by `make sanitize`.
BARE = {name: value for name, value in os.environ.items() if not name.startswith("LD_")}
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
QUIET = "disable-background-networking", "disable-component-update", "disable-sync"
FLAGS = [
    f"--{flag}"
    for flag in (
        *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
        *QUIET,
        "enable-logging=stderr",
    )
]


def row(name: str, n: int, seconds: float, *, peer: bool = False, **more: Any) -> dict[str, Any]:
    kind, device = ("peer", "") if peer else ("verilane", more.pop("device", "cpu:avx512"))
    head = {"scheme": "ed25519", "title": "Ed25519", "n": n, "name": name, "kind": kind}
    times = {"seconds": seconds, "low": seconds, "high": seconds, "rounds": 3}
    return {**head, "device": device, "threads": more.pop("threads", 1), **times}


# A device that starts in 1 ms and takes 1 us an item, beside a CPU that takes 3 us.
ROWS = [
    *(row("Verilane cpu:avx512", n, 3e-6 * n) for n in (1, 256, 1024)),
    *(row("Verilane opencl:0", n, 1e-3 + 1e-6 * n, device="opencl:0") for n in (1, 256, 1024)),
    *(row("<libsodium>", n, 60e-6 * n, peer=True) for n in (1, 256, 1024)),
]


def results(**other: Any) -> dict[str, Any]:
    latency = {
        "scheme": "ed25519",
        "n": 1,
        "name": "Verilane",
        "p50": 1e-5,
        "p90": 2e-5,
        "p99": 1e-4,
    }
    tree = {"tree": "rfc6962", "title": "RFC 6962", "n": 16, "kind": "verilane", "threads": 1}
    whole = {
        "format": FORMAT,
        "machine": {"verilane": "1.2.3", "processor": "Some <CPU> & more", "cores": 2},
        "began": "2026-01-02T03:04:05+00:00",
        "seconds": 12.0,
        "complete": True,
        "left_out": [],
        "throughput": ROWS,
        "latency": [latency],
        "merkle": [{**tree, "name": "Verilane", "seconds": 1e-5}],
    }
    return {**whole, **other}


# ---- Measuring ----


def test_all_take_turns() -> None:
    calls: list[str] = []
    runs = {name: lambda name=name: calls.append(name) for name in "ab"}
    timings = interleaved(runs, 0.0)
    assert {timing.rounds for timing in timings.values()} == {3}
    assert 0 < timings["a"].low <= timings["a"].median <= timings["a"].high
    turns = [name for at, name in enumerate(calls) if at == 0 or calls[at - 1] != name]
    assert "".join(turns[-4:]) in ("abab", "baba", "abba", "baab"), "neither is measured at one go"


def test_percentiles_rise() -> None:
    ranks = percentiles(lambda: sum(range(100)), 200)
    assert 0 < ranks[50] <= ranks[90] <= ranks[99]


# ---- What it comes to ----


def test_break_even() -> None:
    cpu, gpu = ROWS[:3], ROWS[3:6]
    assert break_even(cpu, gpu) == pytest.approx(500), "1 ms + 1 us n = 3 us n"
    assert break_even(gpu, cpu) is None, "the CPU is not ahead at the largest size"
    assert break_even(cpu, [row("x", n, 1e-6 * n) for n in (1, 256)]) == 1, "ahead from the start"
    assert break_even(cpu, []) is None
    assert overtaking(ROWS) == {"opencl:0": pytest.approx(500)}


def test_a_device_that_falls_behind_again() -> None:
    waves = [row("x", 1, 1e-6), row("x", 256, 1.0), row("x", 1024, 1e-6)]
    at = break_even(ROWS[:3], waves)
    assert at is not None and 256 < at < 1024


def test_best_and_costs() -> None:
    best = best_by_size(ROWS, "verilane")
    assert [(n, each["name"]) for n, each in best.items()] == [
        (1, "Verilane cpu:avx512"),
        (256, "Verilane cpu:avx512"),
        (1024, "Verilane opencl:0"),
    ]
    ours, theirs = costs(ROWS, 2, price=3.6)
    assert theirs["name"] == "<libsodium>" and theirs["core_seconds"] == pytest.approx(60)
    assert theirs["dollars"] == pytest.approx(60 / 3600 * 3.6)
    assert ours["seconds"] == pytest.approx((1e-3 + 1024e-6) / 1024 * 1e6)


# ---- The page ----


class Outside(HTMLParser):
    """What a page would load, and what it would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: "list[tuple[str, str | None]]") -> None:
        self.found += [tag] if tag in ("script", "iframe", "img", "object") else []
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not (value or "").startswith(
                ("#", "data:")
            ):
                self.found.append(f"{tag} {name}={value}")


def test_the_page_needs_nothing_else() -> None:
    text = page(results(), price=2.0)
    assert Outside(text).found == []
    assert "@import" not in text and text.count("<svg") == 4
    assert "Some &lt;CPU&gt; &amp; more" in text and "<libsodium>" not in text
    assert "opencl:0: 500" in text, "from where on the device is the better one"
    assert "$ at 2 an hour" in text


def test_the_page_says_what_is_not_in_it() -> None:
    text = page(results(complete=False, left_out=["sm2: no tongsuopy"], throughput=[], latency=[]))
    assert "sm2: no tongsuopy" in text and "before it was complete" in text
    assert "Throughput" not in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here to look at the page with")
def test_a_browser_shows_the_page_without_complaint(tmp_path: Path) -> None:
    assert BROWSER is not None
    path, shot = tmp_path / "bench.html", tmp_path / "shot.png"
    path.write_text(page(results()), encoding="utf-8")
    browser = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    seen = subprocess.run(
        [*browser, f"--screenshot={shot}", "--window-size=1200,3000", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=BARE,
    )
    assert "CONSOLE" not in seen.stderr, seen.stderr
    assert len(shot.read_bytes()) > 50_000, "an empty page is much smaller"
    shown = subprocess.run(
        [*browser, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=BARE,
    )
    for text in ("Which device, at which batch size", "opencl:0: 500", "Ed25519", "</svg>"):
        assert text in shown.stdout


# ---- The command ----


def test_bench_measures_and_draws(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    done = run(
        "bench", "--quick", "--scheme", "p256-ecdsa", "--out", out, VERILANE_BENCH_SECONDS="0"
    )
    assert done.returncode == 0, done
    assert done.stderr == "", "no progress bar without a terminal"
    found = json.loads((out / "bench.json").read_text())
    assert found["format"] == FORMAT and found["complete"] is True and found["left_out"] == []
    assert {each["n"] for each in found["throughput"]} == {1, 16, 256, 4096}
    assert {each["kind"] for each in found["throughput"]} == {"verilane", "peer"}
    assert {each["scheme"] for each in found["latency"]} == {"p256-ecdsa"}
    assert {each["tree"] for each in found["merkle"]} > {"rfc6962", "bitcoin"}
    assert all(each["seconds"] > 0 for each in found["throughput"] + found["merkle"])
    assert (out / "bench.html").read_text(encoding="utf-8").count("<svg") == 4

    again = run("bench", "--from", out / "bench.json", "--out", tmp_path, "--price", "1.5")
    assert again.returncode == 0, again
    assert "$ at 1.5 an hour" in (tmp_path / "bench.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "bench.json").read_text()) == found


def test_bench_refuses_other_files(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for text in ("{}", "[1]", "no json", '{"format": "verilane bench 0"}'):
        path.write_text(text)
        assert_one_line(run("bench", "--from", path, "--out", tmp_path), "other.json")
    assert_one_line(run("bench", "--from", tmp_path / "none.json", "--out", tmp_path), "none.json")
    assert_one_line(run("bench", "--from", path, "--out", path), "other.json")
    assert not (tmp_path / "bench.html").exists()
