"""The REST API.

    app         everything put together
    gate        one ASGI wrapper: request id, caller, rates, sizes, times
    auth        what a caller may do
    problems    errors as answers
    paths       ids in paths

Routers of other rooms are made by `routes(holder) -> APIRouter`. They take `Depends(needs("read"))` from `auth`, raise
`Problem`, and write `{user_id:id}` in paths for ids that may hold slashes.
"""

from intentrec.serving.api.app import create_app
from intentrec.serving.api.auth import caller_of, needs, permitted
from intentrec.serving.api.problems import Problem

__all__ = ["Problem", "caller_of", "create_app", "needs", "permitted"]
