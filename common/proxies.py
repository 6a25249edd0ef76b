"""Which calls go through the proxy of the environment: none to this machine or its own network.

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY mean what they mean to curl; but most machines that have a proxy do not
list their own addresses in NO_PROXY, and a proxy can reach none of them.
"""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

# Names that the public DNS never has: RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of .internal.
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa")


def is_nearby(host: str) -> bool:
    """Whether a host is this machine, or on a network of its own: by its address, or by a name that is not public."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        name = host.rstrip(".").lower()
        return "." not in name or name.endswith(_LOCAL)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global


def proxy_for(url: str) -> str | None:
    """Find the proxy for a URL, as an http URL; None where there is none to use."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_nearby(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    proxy = (proxies.get(scheme) or proxies.get("all") or "").strip()
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    return proxy if proxy.startswith(("http://", "https://")) else None


def direct(url: str) -> dict[str, None]:
    """Name the host of a URL as httpx's `mounts` want it, if no proxy is to come between; {} otherwise."""
    host = urlsplit(url).hostname or ""
    if not is_nearby(host):
        return {}
    return {f"all://[{host}]" if ":" in host else f"all://{host}": None}
