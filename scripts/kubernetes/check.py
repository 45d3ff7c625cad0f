#!/usr/bin/env python3
"""Checks mask.yaml without a cluster: against Kubernetes' own schemas, and by running its scripts as its pods would.

    scripts/kubernetes/check.py --deburn target/release/deburn

Makes an environment with kubernetes-validate and all files below target/kubernetes/. Fields that the schemas do not know
are errors. Then the script of each pod is run by `sh`, with folders of its own in place of the volumes: first that of the
merge, which has to wait, then one for each completion index, and the files and the report have to be those of one machine
to the byte. What is not tried is Kubernetes itself: scheduling, volumes, and pods that are started again.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from environment import environment
from spread_check import OPTIONS, ROOT, input_tree, one_machine, told

MANIFEST = ROOT / "scripts/kubernetes/mask.yaml"
# Prints the documents as JSON if they are all valid, else says what is wrong.
VALIDATE = """
import json, sys, yaml, kubernetes_validate as k
documents = list(yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")))
for document in documents:
    k.validate(document, k.latest_version(), strict=True)
print(json.dumps([k.latest_version(), documents]))
"""
# So many pods in place of those of the manifest.
SHARDS = 4


def valid(folder):
    """Returns the documents of the manifest; ends with what is wrong if one is not valid."""
    done = subprocess.run([environment("kubernetes", folder), "-c", VALIDATE, MANIFEST], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{MANIFEST.name} is not valid: {done.stderr.strip().splitlines()[-1]}")
    version, documents = json.loads(done.stdout)
    for document in documents:
        print(f"{document['kind']} {document['metadata']['name']}: valid by the schemas of Kubernetes {version}, strictly")
    return documents


def shards_of(document):
    """Returns the number of shards that a job is told."""
    variables = document["spec"]["template"]["spec"]["containers"][0]["env"]
    return next(int(variable["value"]) for variable in variables if variable["name"] == "SHARDS")


def script(document, folders):
    """Returns the command of a job's pod, with folders in place of its volumes, each of which has to be mounted."""
    container = document["spec"]["template"]["spec"]["containers"][0]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    (text,) = container["args"]

    def place(found):
        if found[0] not in mounts:
            raise SystemExit(f"{document['metadata']['name']} uses {found[0]}, which is no volume of it")
        return str(folders[found[0]])

    return [*container["command"], re.sub("|".join(folders), place, text)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deburn", type=Path, default=ROOT / "target/release/deburn")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/kubernetes", help="where all of it goes")
    parser.add_argument("--copies", type=int, default=1, help="how often the fixtures stand in the input")
    options = parser.parse_args()
    deburn, folder = options.deburn.resolve(), options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    documents = valid(folder)
    mask, merge = documents
    if not mask["spec"]["completions"] == shards_of(mask) == shards_of(merge):
        raise SystemExit("`completions` and the two SHARDS are not one number")

    source, one, cluster, secret, path = (folder / name for name in ("in", "one", "cluster", "secret", "path"))
    for old in (cluster, secret, path):
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir()
    (secret / "text-key").write_text("17" * 32)
    print(f"{input_tree(source, options.copies)} files in the input")
    one_machine(deburn, source, one, secret / "text-key")
    # The image's `deburn`, with the options of the run of one machine.
    options_of_mask = " ".join(OPTIONS)
    (path / "deburn").write_text(
        f'#!/bin/sh\nif [ "$1" = mask ]; then shift; exec "{deburn}" mask {options_of_mask} "$@"; fi\nexec "{deburn}" "$@"\n'
    )
    (path / "deburn").chmod(0o755)
    own = {**os.environ, "SHARDS": str(SHARDS), "PATH": f"{path}:{os.environ['PATH']}"}
    folders = {"/archive": source, "/cleaned": cluster, "/secret": secret}
    joined = subprocess.Popen(script(merge, folders), env=own)
    try:
        for index in range(SHARDS):
            if joined.poll() is not None:
                raise SystemExit(f"the merge ended with {joined.returncode} before all shards were done")
            pod = subprocess.run(
                script(mask, folders), env={**own, "JOB_COMPLETION_INDEX": str(index)}, capture_output=True, text=True, check=False
            )
            print(f"pod {index}: ended with {pod.returncode}")
            if pod.returncode:
                raise SystemExit(pod.stderr.strip())
        code = joined.wait(120)
    finally:
        joined.kill()
    print(f"merge: ended with {code}")
    for report in cluster.glob("deburn-report-*-of-*.jsonl"):
        report.unlink()
    return 1 if told(one, cluster, "Kubernetes' scripts") or code else 0


if __name__ == "__main__":
    sys.exit(main())
