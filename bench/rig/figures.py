"""How figures are written: as exact as they are measured."""


def rounded(value: float) -> float:
    """Whole from 100 on, else to a thousandth.

    >>> rounded(1234.5), rounded(0.12345)
    (1234.0, 0.123)
    """
    return round(value, 0 if value >= 100 else 3)
