#!/usr/bin/env python3
"""Checks the Slurm array on a real Slurm of one node: a task requeued, the result that of one machine to the byte.

    apt-get install slurmctld slurmd slurm-client munge        # as root
    scripts/slurm/check.py --deburn target/release/deburn      # as root

Starts munged, slurmctld and slurmd of its own with everything below target/slurm/ (ports 17817 and 17818), submits an
array of eight shards, requeues one in mid-run (`scontrol requeue`), waits for the report, and ends the three daemons.
Exit code 1 if any file or the report differs from those of one machine, or if no task was requeued.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from spread_check import OPTIONS, ROOT, input_tree, one_machine, told

SHARDS = 8
# A requeued task waits until the credential of its first run has expired: five seconds here, two minutes by default.
CONF = """ClusterName=deburn
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17817
SlurmdPort=17818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
MinJobAge=600
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES State=UP
"""


def start(folder):
    """Starts the daemons in the foreground of their own; returns them."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "munge").chmod(0o700)
    key = folder / "munge/key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    host = socket.gethostname().split(".")[0]
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(host=host, folder=folder, cores=os.cpu_count()))
    munge = ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munge += [f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed"]
    daemons = []
    for command in (munge, ["slurmctld", "-D", "-f", conf], ["slurmd", "-D", "-f", conf, "-N", host]):
        log = (folder / f"{command[0]}.out").open("wb")
        daemons.append(
            subprocess.Popen([str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        )
        time.sleep(2)
    os.environ["SLURM_CONF"] = str(conf)
    return daemons


def said(*command):
    """Runs a command of Slurm and returns what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def waited(what, seconds, condition):
    """Waits until a condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.3)
    raise SystemExit(f"gave up waiting for {what}")


def state(job):
    """Returns the state of a job, as Slurm names it."""
    return re.findall(r"JobState=(\w+)", said("scontrol", "show", "job", str(job)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deburn", type=Path, default=ROOT / "target/release/deburn")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/slurm", help="where all of it goes")
    parser.add_argument("--copies", type=int, default=2, help="how often the fixtures stand in the input")
    options = parser.parse_args()
    deburn, folder = options.deburn.resolve(), options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "text-key"
    key.write_text("17" * 32)
    source, one, cluster = folder / "in", folder / "one", folder / "cluster"
    print(f"{input_tree(source, options.copies)} files in the input")
    one_machine(deburn, source, one, key)
    shutil.rmtree(cluster, ignore_errors=True)
    daemons = start(folder / "daemons")
    try:
        waited("the node", 60, lambda: "idle" in said("sinfo", "-h", "-o", "%t"))
        print(said("sinfo"))
        os.environ["DEBURN"] = str(deburn)
        command = [ROOT / "scripts/slurm/submit.sh", source, cluster, SHARDS, "--text-key", key, *OPTIONS]
        array, joined = said(*(str(part) for part in command)).split()
        victim = f"{array}_1"
        waited("a task at work", 600, lambda: "RUNNING" in state(victim))
        time.sleep(2)
        subprocess.run(["scontrol", "requeue", victim], check=True)
        print(f"requeued {victim}")
        waited("its end", 3600, lambda: set(state(joined)) & {"COMPLETED", "FAILED", "CANCELLED"})
        restarts = int((re.findall(r"Restarts=(\d+)", said("scontrol", "show", "job", victim)) or ["0"])[0])
        print(f"array {array}: {' '.join(sorted(state(array)))}; restarts of task 1: {restarts}; merge: {state(joined)}")
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)
    logs = "".join(path.read_text(errors="replace") for path in sorted((cluster / ".slurm").glob("*.log")))
    print(logs.strip() or "no task said anything")
    shutil.rmtree(cluster / ".slurm")
    return 1 if told(one, cluster, "Slurm") or not restarts else 0


if __name__ == "__main__":
    sys.exit(main())
