"""Each kind of error has its status, and only words that are meant for callers go out."""

import pytest
from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError

from intentrec.errors import ConfigError, DataError, MissingExtra, NotFittedError, NotFoundError, WorkspaceError
from intentrec.serving.api import Problem, needs
from intentrec.serving.api.desk import utc_now
from intentrec.serving.api.failures import answer_to
from serving_fakes import FakeHolder


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (NotFoundError("no such thing"), 404, True),
        (MissingExtra("install it"), 501, True),
        (Problem(418, "short and stout"), 418, True),
        (WorkspaceError("/srv/shop is full"), 503, False),
        (ConfigError("/srv/shop/intentrec.toml"), 503, False),
        (DataError("row of anna"), 503, False),
        (NotFittedError("towers"), 503, False),
    ],
)
def test_an_error_that_is_known_has_a_status(error, status, told):
    answer = answer_to(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert (str(getattr(error, "detail", error)).encode() in answer.body) == told


def test_an_error_that_is_not_known_is_a_fault_of_ours():
    assert answer_to(ValueError("x"), {}) is None


def test_values_that_fastapi_itself_refuses_are_told_in_the_same_form():
    fault = {"type": "missing", "loc": ("query", "name"), "msg": "Field required", "input": None}
    answer = answer_to(RequestValidationError([fault]), {})
    assert answer is not None
    assert answer.status_code == 422
    assert b'"loc":["query","name"]' in answer.body


def test_routers_of_other_rooms_are_guarded_and_fail_like_the_api(tmp_path):
    holder = FakeHolder(tmp_path / "shop")
    client = holder.client()
    router = APIRouter()

    @router.get("/other/{name:id}", dependencies=[Depends(needs("label"))])
    def other(name: str, n: int) -> dict[str, str]:
        if n:
            raise NotFoundError(f"There is no {name!r}.")
        raise RuntimeError("secret")

    client.app.include_router(router)
    token = holder.key("label")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/other/a?n=1").status_code == 401
    assert client.get("/other/a%2Fb?n=1", headers=headers).json()["detail"] == "There is no 'a/b'."
    assert client.get("/other/a?n=x", headers=headers).status_code == 422
    answer = client.get("/other/a?n=0", headers=headers)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    holder.store.close()


def test_the_clock_is_in_utc():
    assert utc_now().utcoffset().total_seconds() == 0
