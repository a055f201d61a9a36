"""The environment of commands that a model runs: what programs need, and nothing that opens a door.

A list of what is let through, since nobody knows the names of all secrets; and of those, what looks like a secret stays
out all the same. The owner adds what is missing with `tools.bash.env`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

_NAMES = """
PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TMP TEMP HOSTNAME MANPATH INFOPATH
LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH LIBRARY_PATH CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH
CC CXX CPP AR LD CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS ACLOCAL_PATH
VIRTUAL_ENV PYTHONPATH PYTHONDONTWRITEBYTECODE PYTHONUTF8 PYTHONIOENCODING
GOPATH GOROOT GOBIN GOCACHE GOMODCACHE GOFLAGS GOPROXY GOSUMDB GOTOOLCHAIN GO111MODULE CGO_ENABLED
JAVA_HOME JDK_HOME M2_HOME MAVEN_HOME MAVEN_OPTS GRADLE_HOME GRADLE_USER_HOME KOTLIN_HOME SCALA_HOME
NODE_PATH NODE_ENV NVM_DIR NVM_BIN PNPM_HOME BUN_INSTALL DENO_DIR DENO_INSTALL VOLTA_HOME
RUSTFLAGS RUST_BACKTRACE RUST_SRC_PATH GEM_HOME GEM_PATH RBENV_ROOT RUBYLIB PERL5LIB PERL_LOCAL_LIB_ROOT
ANDROID_HOME ANDROID_SDK_ROOT DOTNET_ROOT DEVELOPER_DIR SDKROOT HOMEBREW_PREFIX HOMEBREW_CELLAR HOMEBREW_REPOSITORY
OPAM_SWITCH_PREFIX OCAML_TOPLEVEL_PATH CAML_LD_LIBRARY_PATH GHCUP_INSTALL_BASE_PREFIX
SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS GIT_SSL_CAINFO
HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
WSL_DISTRO_NAME IN_NIX_SHELL SYSTEMROOT SystemRoot COMSPEC PATHEXT WINDIR APPDATA LOCALAPPDATA PROGRAMDATA USERPROFILE
"""
NAMES = frozenset(_NAMES.split())
PREFIXES = ("LC_", "XDG_", "CONDA_", "PYENV_", "CARGO_", "RUSTUP_", "NIX_", "GUIX_", "PKG_CONFIG_", "CMAKE_", "ASDF_")

LOOKS_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|SESSION|PRIVATE|SIGNATURE|_PAT$", re.I)
"""In a name: such a variable stays out, also when its prefix is let through."""
OURS = {"TERM": "dumb", "NO_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}
"""Nobody sits in front of it: no colours, no pager, no question. With such a terminal git refuses to open an editor."""


def tool_environment(
    environ: Mapping[str, str],
    given: Mapping[str, str],
    *,
    key_names: Iterable[str],
    holds_secret: Callable[[str], bool],
) -> dict[str, str]:
    """What a command sees of `environ`, and what the owner `given` over it. Neither has a variable in `key_names`,
    those in which a provider's key may be; of `environ` none either whose value `holds_secret`."""
    kept_out = {name.upper() for name in key_names}
    found = {name: value for name, value in environ.items() if is_let_through(name) and not holds_secret(value)}
    found |= OURS | {name: value for name, value in given.items() if name and "=" not in name}
    return {name: value for name, value in found.items() if name.upper() not in kept_out and "\0" not in name + value}


def is_let_through(name: str) -> bool:
    """Whether a variable of this name may be seen."""
    if name in NAMES:
        return True
    return name.startswith(PREFIXES) and LOOKS_SECRET.search(name) is None
