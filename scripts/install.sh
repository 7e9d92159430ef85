#!/usr/bin/env bash
# Installs a finished build below a prefix, or removes what an installation put there.
# usage: scripts/install.sh install|uninstall     (PREFIX, default /usr/local; DESTDIR; BUILD_DIR, default build)
set -euo pipefail
build=$(cd "$(dirname "$0")/.." && pwd)/${BUILD_DIR:-build}
case ${BUILD_DIR:-build} in /*) build=$BUILD_DIR ;; esac
prefix=${PREFIX:-/usr/local}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
export DESTDIR=${DESTDIR:-}
# What was installed is listed in the installed tree: it can be removed without the build folder.
list=$DESTDIR$prefix/share/gdpa/installed-files

install_files() {
  cmake --install "$build" --prefix "$prefix" | sed -n '/^-- Install configuration/p'
  mkdir -p "$(dirname "$list")"
  { cat "$build/install_manifest.txt"; printf '\n%s\n' "${list#"$DESTDIR"}"; } | sed '/^$/d' >"$list"
  echo "installed $(wc -l <"$list") files below $DESTDIR$prefix"
}

uninstall_files() {
  [ -f "$list" ] || { echo "error: expected the list of an installation, found no $list" >&2; exit 1; }
  local files
  mapfile -t files <"$list"
  for file in "${files[@]}"; do
    rm -f "$DESTDIR$file"
    # Directories that this leaves empty go too, up to the prefix.
    (cd "$DESTDIR$prefix" && rmdir -p --ignore-fail-on-non-empty "$(dirname "${file#"$prefix"/}")" 2>/dev/null) || true
  done
  echo "removed ${#files[@]} files below $DESTDIR$prefix"
}

case ${1:-} in
install) install_files ;;
uninstall) uninstall_files ;;
*) echo "usage: $0 install|uninstall" >&2; exit 2 ;;
esac
