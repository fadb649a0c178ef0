"""The application keeps its own specification, whatever it is sent: no status, type or shape that is not declared."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from intentrec.serving.api import create_app
from intentrec.serving.holder import Holder
from serving_shop import LATER, copied

pytestmark = pytest.mark.slow
OPERATIONS = [
    ("GET", "/v1/users/{user_id}/recommendations"),
    ("GET", "/v1/items/{item_id}/similar"),
    ("GET", "/v1/users/{user_id}/candidates"),
    ("POST", "/v1/recommendations"),
    ("POST", "/v1/wishes"),
    ("GET", "/v1/users/{user_id}/why/{item_id}"),
    ("GET", "/v1/users/{user_id}/interests"),
    ("POST", "/v1/users/{user_id}/interests"),
    ("PUT", "/v1/users/{user_id}/interests/{interest_id}"),
    ("DELETE", "/v1/users/{user_id}/interests/{interest_id}"),
    ("DELETE", "/v1/users/{user_id}"),
    ("GET", "/v1/erasures/{receipt}"),
    ("POST", "/v1/events"),
    ("PUT", "/v1/items"),
    ("POST", "/v1/labels"),
    ("GET", "/v1/experiments"),
    ("GET", "/v1/experiments/{name}"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
]


@pytest.fixture(scope="module")
def api(released_shop, tmp_path_factory):
    """The specification of a real application, with a key that may do everything."""
    shop = copied(released_shop, tmp_path_factory.mktemp("fuzzed") / "shop", "max_k = 50")
    holder = Holder.open(shop.root)
    token = holder.keys.add("fuzz", ["admin"], LATER)
    app = create_app(holder, now=lambda: LATER)

    async def requests_alone(scope, receive, send):
        # Each request would begin and end the application otherwise.
        if scope["type"] == "http":
            await app(scope, receive, send)

    schema = schemathesis.openapi.from_asgi("/openapi.json", requests_alone)
    yield schema, {"Authorization": f"Bearer {token}"}
    holder.close()


def test_every_operation_is_tried(api):
    schema, _ = api
    found = {(each.ok().method.upper(), each.ok().path) for each in schema.get_all_operations()}
    assert found == set(OPERATIONS)


WITH_TIMES = ("/v1/events", "/v1/recommendations", "/v1/labels", "/v1/items")
WITHOUT_VALUES = ("/health", "/ready", "/metrics", "/v1/experiments")
TRIED = [(*each, GenerationMode.POSITIVE) for each in OPERATIONS] + [
    (*each, GenerationMode.NEGATIVE) for each in OPERATIONS if each[1] not in WITHOUT_VALUES
]


@pytest.mark.parametrize(("method", "path", "mode"), TRIED)
def test_every_answer_is_one_that_the_specification_declares(api, method, path, mode):
    schema, headers = api
    operation = schema[path][method]
    # That a time has to be past, or within two centuries, cannot be said in a schema.
    excluded = [CHECKS.get_one("positive_data_acceptance")] if path in WITH_TIMES else []

    @settings(
        max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def tried(case):
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    tried()
