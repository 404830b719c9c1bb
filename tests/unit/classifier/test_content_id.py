from classifier.content_id import content_id, object_id


def test_equal_objects_have_equal_ids_whatever_the_order_of_their_keys() -> None:
    assert object_id({"a": 1, "b": [2]}) == object_id({"b": [2], "a": 1})


def test_another_value_has_another_id() -> None:
    assert object_id({"a": 1}) != object_id({"a": 2})


def test_an_id_is_the_head_of_a_sha256() -> None:
    assert content_id(b"") == "e3b0c44298fc"
