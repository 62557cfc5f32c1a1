#!/usr/bin/env python3
"""Writes what this project is made of as a CycloneDX 1.6 bill of materials, from what is pinned in the repository:

    sbom.py > sbom.json      (make sbom)

What the executable is linked from is `required`; what only builds or tests it is `excluded`. The same commit gives the
same bytes: the time is that of the commit, or SOURCE_DATE_EPOCH.
"""
import datetime
import json
import os
import re
import subprocess
import uuid

import swift_packages

ROOT = swift_packages.ROOT
NAME = "attribution-guided-decoding"


def swift():
    for name, (version, location) in sorted(swift_packages.recorded().items()):
        path = re.sub(r"^https://|\.git$", "", location)
        yield {
            "type": "library",
            "bom-ref": f"swift:{name}",
            "supplier": {"name": path.split("/")[1]},
            "name": name,
            "version": version,
            "scope": "required",
            "purl": f"pkg:swift/{path}@{version}",
            "externalReferences": [{"type": "vcs", "url": location}],
        }


def llama():
    """llama.cpp and ggml, in the package that carries their source."""
    script = (ROOT / "Tools/dependencies.sh").read_text()

    def value(name):
        return re.search(rf"^{name}=(\S+)", script, re.MULTILINE).group(1)

    yield {
        "type": "library",
        "bom-ref": "llama.cpp",
        "supplier": {"name": "ggml-org"},
        "name": "llama.cpp",
        "version": value("llama_version"),
        "scope": "required",
        "purl": f"pkg:pypi/{value('package')}@{value('version')}",
        "hashes": [{"alg": "SHA-256", "content": value("checksum")}],
        "externalReferences": [{"type": "vcs", "url": "https://github.com/ggml-org/llama.cpp"}],
    }


def python(file, purpose):
    """Packages of a requirements file that only build or test."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", line)
        if match:
            name, version = match.group(1).lower(), match.group(2)
            component = {
                "type": "library",
                "bom-ref": f"{purpose}:{name}@{version}",
                "name": name,
                "version": version,
                "scope": "excluded",
                "purl": f"pkg:pypi/{name}@{version}",
                "properties": [{"name": "used-for", "value": purpose}],
            }
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
            # One of several files of the version, by machine; a bill names one component's hash only where there is one.
            if len(hashes) == 1:
                component["hashes"] = [{"alg": "SHA-256", "content": hashes[0]}]
            yield component


def git(*arguments):
    result = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def bill():
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)
    commit = git("rev-parse", "HEAD") or "unversioned"
    components = [
        *swift(),
        *llama(),
        *python("Tools/supply-chain/build-tools.txt", "build"),
        *{component["bom-ref"]: component for file in ("clients", "more-clients") for component in python(f"Tools/supply-chain/{file}.txt", "test")}.values(),
    ]
    linked = [component["bom-ref"] for component in components if component["scope"] == "required"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{NAME}/{commit}')}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": NAME, "name": NAME, "version": commit},
        },
        "components": components,
        "dependencies": [{"ref": NAME, "dependsOn": linked}],
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=2))
