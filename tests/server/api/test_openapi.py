"""The schema says what the API does."""

from __future__ import annotations

from server.api.schema import schema


def test_every_error_is_a_problem_and_every_operation_has_a_tag_and_words() -> None:
    found = schema()
    tags = {tag["name"] for tag in found["tags"]}
    assert all(path.startswith("/api/v1/") for path in found["paths"])
    for path, operations in found["paths"].items():
        for verb, operation in operations.items():
            assert operation["description"] and set(operation["tags"]) <= tags, (verb, path)
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert [*answer["content"]] == ["application/problem+json"], (verb, path, status)
