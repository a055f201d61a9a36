"""An endpoint's key at the moment in which a request needs it, and what the account behind it says of itself."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.app.endpoint import Endpoint, missing_key
from flemma_py.errors import RequestError
from flemma_py.log import without_secrets
from flemma_py.model.prompt import Prompt
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.keys import Keys, Told


async def find(keys: Keys, endpoint: Endpoint, told: Told | None = None) -> Found | None:
    """The endpoint's key, None where it needs none. `told` hears why it takes long; without it nothing is asked of the
    owner. Raises `RequestError` that says what was tried."""
    if endpoint.is_demo or endpoint.keys.is_keyless:
        return None
    match await keys.find(endpoint.keys, told):
        case Found() as found:
            return found
        case Missing() as missing:
            error = missing_key(endpoint, missing)
            raise RequestError(error.kind, without_secrets(error.message))


async def sign_in(
    keys: Keys, endpoint: Endpoint, prompt: Prompt, told: Told | None = None
) -> tuple[str | None, Prompt]:
    """The key, and the prompt with the project of the key's account, where the owner named none. Raises as `find`."""
    found = await find(keys, endpoint, told)
    if found is None:
        return None, prompt
    if found.project and not prompt.parameters.get("project_id"):
        prompt = replace(prompt, parameters=prompt.parameters | {"project_id": found.project})
    return found.key, prompt
