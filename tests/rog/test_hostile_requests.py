"""Hostile requests: each is answered with a documented status, and plain questions are answered between them."""

from __future__ import annotations

import pytest

from benchmarks.fuzz.hostile_requests import attack, wrong_answer
from kg.store import Store


@pytest.mark.parametrize(
    ("count", "seed"),
    [(75, 0), pytest.param(5_000, 1, marks=pytest.mark.slow)],
)
def test_hostile_requests_are_answered_and_keep_nobody_waiting(films: Store, count: int, seed: int) -> None:
    report = attack(films, count, seed)
    assert report.faults == []
    assert sum(report.statuses.values()) == count
    assert len(report.statuses) > 4
    assert report.slowest < 5


@pytest.mark.parametrize(
    ("response", "wrong"),
    [
        (b'HTTP/1.1 404 Not Found\r\n\r\n{"error": {"message": "Not Found", "type": "x"}}', ""),
        (b"HTTP/1.1 404 Not Found\r\n\r\nNot Found", "not in the documented form: b'Not Found'"),
        (b'HTTP/1.1 422 x\r\n\r\n{"error": {"message": "a\\nb", "type": "x"}}', "a message that is no line: 'a\\nb'"),
        (b"HTTP/1.1 500 x\r\n\r\n{}", "the status 500 is not documented"),
        (b"HTTP/1.1 200 OK\r\n\r\nTraceback (most recent call last)", "a traceback"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 418 x\r\n\r\n{}", "the status 418 is not documented"),
        (b"", "no answer"),
    ],
)
def test_what_the_attack_calls_wrong(response: bytes, wrong: str) -> None:
    assert wrong_answer(response, True)[1] == wrong
