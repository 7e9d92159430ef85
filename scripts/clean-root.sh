#!/usr/bin/env bash
# Makes a minimal system of this release in a folder and installs the Debian packages that `make package` built into it, with the dependencies
# that they name. Needs root and mmdebstrap.
# usage: scripts/clean-root.sh FOLDER PACKAGE...     (BUILD_DIR, default build)
set -euo pipefail
folder=$1
shift
packages=$(cd "$(dirname "$0")/.." && cd "${BUILD_DIR:-build}/packages" && pwd)
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The packages as an archive that apt can read.
(cd "$packages" && dpkg-scanpackages --multiversion . 2>/dev/null >Packages)
sources=("deb [trusted=yes] copy://$packages ./")
# This machine's sources of the system and of LLVM.
for file in /etc/apt/sources.list /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list.d/llvm-22.list; do
  [ ! -s "$file" ] || sources+=("$file")
done
include=$(IFS=, && echo "$*")
mmdebstrap --mode=root --variant=essential --quiet --include="$include" "$codename" "$folder" "${sources[@]}"
