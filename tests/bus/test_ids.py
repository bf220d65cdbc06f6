"""Identifiers: what goes out comes back, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus.ids import decode_ulid, encode_ulid, message_id, message_seq

TIMES = st.integers(0, (1 << 48) * 1000 - 1)
NUMBERS = st.integers(0, (1 << 63) - 1)


@given(st.integers(0, (1 << 128) - 1))
def test_a_ulid_is_its_number(value: int) -> None:
    text = encode_ulid(value)
    assert len(text) == 26
    assert decode_ulid(text) == value


@given(st.integers(0, (1 << 128) - 1), st.integers(0, (1 << 128) - 1))
def test_ulids_sort_as_their_numbers(one: int, two: int) -> None:
    assert (one < two) == (encode_ulid(one) < encode_ulid(two))


@given(NUMBERS, TIMES)
def test_a_message_id_holds_its_number(seq: int, created: int) -> None:
    assert message_seq(message_id(seq, created)) == seq


@pytest.mark.parametrize("text", ["", "msg_", "conv_01", "msg_" + "0" * 25 + "U", "msg_" + "8" + "0" * 25])
def test_what_is_no_message_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"message id|ULID"):
        message_seq(text)
