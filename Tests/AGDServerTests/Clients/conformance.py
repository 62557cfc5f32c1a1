"""Has schemathesis hold a server to its own description. Usage: conformance.py BASE_URL KEY [--examples 30]

Every operation of /openapi.json gets requests at and beyond the limits that it states: answers must have a status, a type and
a body that it announces, what it doesn't accept must be refused, and nothing be answered without the key that asks for one.
"""
import pathlib
import subprocess
import sys

base, key = sys.argv[1:3]
examples = sys.argv[4] if sys.argv[3:4] == ["--examples"] else "30"
checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance", "negative_data_rejection",
          "missing_required_header", "unsupported_method", "ignored_auth"]
result = subprocess.run([
    pathlib.Path(sys.executable).with_name("schemathesis"), "run", base + "/openapi.json", "--header", f"Authorization: Bearer {key}", "--checks", ",".join(checks),
    "--max-examples", examples, "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--request-timeout", "60", "--no-color"])
sys.exit(result.returncode)
