import pytest

import rig


@pytest.fixture(autouse=True)
def upstream():
    rig.reset()
    yield
    rig.reset()


@pytest.fixture(params=["openai", "anthropic"])
def provider(request):
    return request.param
