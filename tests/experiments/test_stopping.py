"""Signals that a program takes while it trains, and between trainings."""

import gc
import signal
import time

import pytest

from experiments.program.stopping import ProgramStopped, Stop

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize('number', SIGNALS)
def test_a_training_hears_of_it_and_the_next_one_does_not_begin(number):
    stop, before = Stop(), signal.getsignal(number)
    with stop.installed():
        with stop.training():
            assert not stop()
            signal.raise_signal(number)
            assert stop()
            assert signal.getsignal(number) == signal.SIG_DFL  # a second one ends the program
        with pytest.raises(ProgramStopped), stop.training():
            pass
    assert signal.getsignal(number) == before


@pytest.mark.parametrize('number', SIGNALS)
def test_outside_of_a_training_the_program_stops_at_once(number):
    stop = Stop()
    with stop.installed(), pytest.raises(ProgramStopped, match='The program was stopped'):
        signal.raise_signal(number)


def test_a_signal_in_a_collection_of_garbage_is_not_lost():
    stop, calls = Stop(), []

    def callback(phase, _):
        if not calls:
            calls.append(phase)
            signal.raise_signal(signal.SIGTERM)

    gc.callbacks.append(callback)
    try:
        with stop.installed(), pytest.raises(ProgramStopped):
            gc.collect()
            time.sleep(5)
    finally:
        gc.callbacks.remove(callback)


def test_a_signal_is_not_lost_where_errors_are_dropped_for_a_while():
    class Slow:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    class Slower:
        def __del__(self):
            end = time.monotonic() + 0.05  # the second attempt is dropped too
            while time.monotonic() < end:
                pass

    slow, slower = Slow(), Slower()
    stop = Stop()
    with stop.installed(), pytest.raises(ProgramStopped):
        del slow
        del slower
        time.sleep(5)


def test_a_training_that_fails_gives_signals_back():
    stop = Stop()
    with stop.installed():
        with pytest.raises(ValueError, match='failed'), stop.training():
            raise ValueError('failed')
        with pytest.raises(ProgramStopped):
            signal.raise_signal(signal.SIGTERM)
