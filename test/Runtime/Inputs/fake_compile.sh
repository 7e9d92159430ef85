#!/bin/sh
# Stands in for gdpa-compile: shows its arguments and writes a hand-made artefact; $FAIL makes it fail.
case "$FAIL" in
signal) kill -9 $$ ;;
?*) echo "gdpa-run: error: called: $*" >&2; exit "$FAIL" ;;
esac
echo "called: $*"
[ "$1" != - ] || echo "input: $(cat)"
for last; do :; done
case "$last" in
*.reference.so) kind=copy-reference ;;
*) kind=copy ;;
esac
"$PYTHON" "$ARTEFACT" "$kind" "$(dirname "$last")" "$TOY"
