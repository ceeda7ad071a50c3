from __future__ import annotations

from server.checks.simulate.course import Course


def follow(*seen: tuple[str, int, float]) -> Course:
    course = Course()
    for state, ply, now in seen:
        course = course.after({"state": state, "ply": ply}, now)
    return course


def test_each_vote_is_seen_once() -> None:
    course = follow(("lobby", 0, 0), ("drawn", 0, 1), ("vote", 0, 2))
    assert (course.voted, course.ply, course.over) == (0, 0, False)
    assert follow(("vote", 0, 2), ("vote", 0, 3)) == course.after({"state": "vote", "ply": 0}, 3)
    assert follow(("vote", 0, 2), ("prove", 1, 3), ("vote", 2, 4)).voted == 2


def test_the_seconds_of_each_move_of_the_network() -> None:
    course = follow(("prove", 0, 10), ("prove", 0, 11), ("vote", 1, 12.5), ("prove", 2, 20), ("over", 3, 24))
    assert course.seconds == (2.5, 4) and course.over


def test_an_understudy_and_leela_in_a_row_are_two_moves() -> None:
    assert follow(("prove", 1, 10), ("prove", 2, 13), ("vote", 3, 14)).seconds == (3, 1)
