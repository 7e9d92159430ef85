#!/usr/bin/env bash
# Installs what building and testing need and is missing: system packages (apt), Python tools (.venv).
# Says what it does before it does it; uses sudo only for apt and only where the caller is not root. Does nothing when nothing is missing.
# GDPA_SKIP_SETUP=1 skips it: for machines whose tools come from elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${GDPA_SKIP_SETUP:-0}" = 1 ] && exit 0

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

# run_as_root COMMAND...: prints the command, then runs it as root.
run_as_root() {
  if [ "$(id -u)" = 0 ]; then
    say "running: $*"
    "$@"
  elif command -v sudo >/dev/null; then
    say "running: sudo $*"
    sudo "$@"
  else
    fail "this needs root and there is no sudo; run as root: $*"
  fi
}

missing_packages() {
  local package
  while read -r package; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || echo "$package"
  done < <(grep -v '^#' scripts/packages.txt)
}

# Does apt offer every package of its arguments?
all_known() {
  local package
  for package in "$@"; do
    LC_ALL=C apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' || return 1
  done
}

# LLVM 22 from apt.llvm.org, for releases whose own archive has none.
add_llvm_source() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ -n "$codename" ] || fail "/etc/os-release names no VERSION_CODENAME; install LLVM 22 by hand (README.md says from where)"
  say "this system's package sources have no LLVM 22: adding https://apt.llvm.org/$codename/ (llvm-toolchain-$codename-22)"
  run_as_root apt-get install -y --no-install-recommends ca-certificates wget
  run_as_root wget -q -O /etc/apt/trusted.gpg.d/apt.llvm.org.asc https://apt.llvm.org/llvm-snapshot.gpg.key
  echo "deb https://apt.llvm.org/$codename/ llvm-toolchain-$codename-22 main" |
    run_as_root tee /etc/apt/sources.list.d/llvm-22.list
  run_as_root apt-get update
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" = 0 ] && return
  say "missing packages: ${missing[*]}"
  all_known "${missing[@]}" || run_as_root apt-get update
  all_known "${missing[@]}" || add_llvm_source
  all_known "${missing[@]}" || fail "apt knows no package for some of: ${missing[*]}"
  run_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

install_python_tools() {
  local stamp=.venv/.requirements python=/usr/bin/python3
  cmp -s scripts/requirements.txt "$stamp" && return
  [ -x "$python" ] || python=python3
  say "Python tools into .venv (scripts/requirements.txt): $(grep -v '^#' scripts/requirements.txt | sed 's/;.*//' | tr '\n' ' ')"
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/requirements.txt
  cp scripts/requirements.txt "$stamp"
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  install_packages
else
  say "no apt on this system: LLVM and MLIR 22.1, cmake, ninja, ccache, GTest and nlohmann-json are expected to be installed"
fi
install_python_tools
