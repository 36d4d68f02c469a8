from inference.pool.circuit import CircuitBreaker


def test_it_opens_at_the_limit_within_the_window_and_closes_after_it() -> None:
    circuit = CircuitBreaker(limit=3, window_seconds=60)
    for now in (0, 10):
        circuit.crashed(now)
        assert circuit.retry_after_seconds(now) is None
    circuit.crashed(20)
    assert circuit.retry_after_seconds(20) == 60
    assert circuit.retry_after_seconds(79) == 1
    assert circuit.retry_after_seconds(80) is None


def test_old_crashes_are_forgotten() -> None:
    circuit = CircuitBreaker(limit=2, window_seconds=60)
    circuit.crashed(0)
    circuit.crashed(61)
    assert circuit.retry_after_seconds(61) is None
    circuit.crashed(62)
    assert circuit.retry_after_seconds(62) == 60
