"""usage: status.py N COMMAND ...: runs COMMAND, fails unless it exits with N and N is 0 or stderr holds one error of one line."""
import subprocess
import sys

expected = int(sys.argv[1])
run = subprocess.run(sys.argv[2:], stderr=subprocess.PIPE, text=True)
sys.stderr.write(run.stderr)
if run.returncode != expected:
    sys.exit(f"status.py: expected exit status {expected}, found {run.returncode}")
# A sanitizer's remarks start with its process number.
lines = [line for line in run.stderr.splitlines() if not line.startswith("==")]
if expected and not (len(lines) == 1 and lines[0].startswith("gdpa-run: error: ")):
    sys.exit(f"status.py: expected one line of error, found {len(lines)}")
