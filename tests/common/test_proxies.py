"""Which addresses are nearby, and which proxy the environment means for a URL."""

import pytest

from common.proxies import direct, is_nearby, proxy_for

NEARBY = [
    *("127.0.0.1", "127.9.9.9", "::1", "[::1]", "0.0.0.0", "10.1.2.3", "172.20.0.5", "192.168.1.1", "169.254.1.1"),
    *("100.101.102.103", "fd00::1", "fe80::1%eth0", "::ffff:192.168.1.1", "localhost", "LOCALHOST", "bot.localhost"),
    *("inference", "captions.local", "captions.internal.", "nas.home.arpa", "host.docker.internal"),
]
FAR = [
    *("8.8.8.8", "172.32.0.1", "192.169.1.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "slack.com"),
    *("api.telegram.org", "localhost.example.org", "10.1.2.3.example.org", "internal.example.org"),
]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("host", NEARBY)
def test_what_is_nearby(host: str) -> None:
    assert is_nearby(host)


@pytest.mark.parametrize("host", FAR)
def test_what_is_far(host: str) -> None:
    assert not is_nearby(host)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://slack.com/api/", "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "https://slack.com/api/", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "wss://wss-primary.slack.com/", "http://proxy:3128"),
        ({"HTTP_PROXY": "http://proxy:3128"}, "https://slack.com/api/", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "https://slack.com/api/", "http://proxy:3128"),
        ({"ALL_PROXY": "socks5://proxy:1080"}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": " "}, "https://slack.com/api/", None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "slack.com"}, "https://files.slack.com/", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://127.0.0.1:8000", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://[::1]:8000", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "not a url", None),
    ],
)
def test_the_proxy_for_a_url(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_httpx_is_told_of_the_host_alone() -> None:
    assert direct("http://127.0.0.1:8000/x") == {"all://127.0.0.1": None}
    assert direct("http://[::1]:8000") == {"all://[::1]": None}
    assert direct("https://api.telegram.org") == {}
