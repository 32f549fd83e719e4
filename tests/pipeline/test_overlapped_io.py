"""Threads take turns: one computes at a time, one waits for the disk meanwhile, and all stop when asked to."""

from __future__ import annotations

import threading
import time

import pytest

from ipmix_cli.pipeline.backends.overlapped_io import check_wanted, hand_over, taking_turns


def test_results_come_in_order():
    assert list(taking_turns(lambda task: task * 2, range(20))) == [2 * n for n in range(20)]


def test_one_computes_at_a_time_and_the_next_begins_before_the_write_has_ended():
    computing, most, begun = threading.Semaphore(1), [0], []
    written = threading.Event()

    def task(number):
        begun.append(number)
        assert computing.acquire(blocking=False), "two compute at once"
        time.sleep(0.01)
        computing.release()
        hand_over()
        if number == 0:
            assert written.wait(10), "nobody computed while the first one waited for the disk"
        else:
            written.set()
        most[0] += 1

    list(taking_turns(task, range(6)))
    assert most == [6]
    assert sorted(begun) == list(range(6))


def test_an_error_ends_it_and_nothing_new_begins():
    begun = []

    def task(number):
        begun.append(number)
        if number == 1:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(taking_turns(task, range(100)))
    assert len(begun) < 10


def test_a_task_under_way_gives_up_when_it_is_not_wanted_any_more():
    began, ended = threading.Event(), []

    def task(number):
        if number == 0:
            return
        began.set()
        for _ in range(1000):
            time.sleep(0.01)
            check_wanted()
        ended.append(number)

    results = taking_turns(task, range(3))
    next(results)
    assert began.wait(10)
    results.close()
    assert not ended
