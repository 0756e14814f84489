#!/bin/sh
# Stands in for the binary of Tidemill and runs it under a profiler: see README.md, "Profiling".
# PROFILER is perf or callgrind, PROFILED the binary, PROFILES a folder: one file per process.
set -eu
case "$PROFILER" in
perf) exec perf record -F 999 -o "$PROFILES/perf.$$" "$PROFILED" "$@" ;;
callgrind) exec valgrind --tool=callgrind --callgrind-out-file="$PROFILES/callgrind.$$" "$PROFILED" "$@" ;;
*) echo "PROFILER is perf or callgrind" >&2; exit 2 ;;
esac
