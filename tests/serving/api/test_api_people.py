"""A user's interests, edits of them, the chain behind an item, and erasure."""

import pytest

from serving_fakes import NOW, FakeHolder


@pytest.fixture
def holder(tmp_path):
    holder = FakeHolder(tmp_path / "shop")
    yield holder
    holder.store.close()


@pytest.fixture
def client(holder):
    return holder.client()


def test_interests_and_tags_are_told(client):
    told = client.get("/v1/users/anna/interests").json()
    assert told["user_id"] == "anna"
    assert told["interests"][0]["interest"] == "tea things"
    assert told["interests"][0]["as_of"] == "2026-03-01T12:00:00Z"
    assert told["tags"][0]["tag"] == "china cup"


def test_a_user_of_whom_nothing_is_written_has_none_and_a_stranger_is_not_found(client):
    assert client.get("/v1/users/quiet/interests").json() == {"user_id": "quiet", "interests": [], "tags": []}
    assert client.get("/v1/users/nobody/interests").status_code == 404


def test_edits_are_kept_and_answered_with_what_stands_now(client, holder):
    assert client.post("/v1/users/anna/interests", json={"text": "trail running"}).status_code == 200
    assert client.put("/v1/users/anna/interests/n1", json={"text": "green tea"}).status_code == 200
    holder.live.sync()
    edits = {edit.action: (edit.interest_id, edit.text, edit.at) for edit in holder.live.edits("anna")}
    assert edits["reword"] == ("n1", "green tea", NOW)
    assert edits["add"][1:] == ("trail running", NOW)
    assert client.delete("/v1/users/anna/interests/n1").status_code == 200
    holder.live.sync()
    assert {edit.action for edit in holder.live.edits("anna")} == {"add", "remove"}


def test_only_an_interest_that_stands_can_be_edited(client, holder):
    for answer in (
        client.put("/v1/users/anna/interests/n2", json={"text": "x"}),
        client.delete("/v1/users/anna/interests/n2"),
        client.delete("/v1/users/nobody/interests/n1"),
    ):
        assert answer.status_code == 404
    holder.live.sync()
    assert not holder.live.edits("anna")


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 201}, {"text": 5}, {"text": "a", "more": 1}])
def test_words_that_cannot_be_are_refused(client, body):
    assert client.post("/v1/users/anna/interests", json=body).status_code == 422


def test_the_chain_is_about_both_ids_even_with_slashes(client):
    told = client.get("/v1/users/a%2Fwhy%2Fb/why/c%2Fd").json()
    assert told == {"user_id": "a/why/b", "item_id": "c/d"}


def test_an_erasure_is_acknowledged_with_a_receipt_that_names_nobody(client, holder):
    answer = client.delete("/v1/users/a%2Fnna")
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert answer.headers["location"] == f"/v1/erasures/{receipt}"
    status = client.get(answer.headers["location"]).json()
    assert status["state"] == "waiting"
    assert status["tried_again"] is False
    assert "nna" not in str(status)
    holder.live.sync()
    assert holder.live.is_erased("a/nna")
    assert client.get("/v1/erasures/none").status_code == 404
