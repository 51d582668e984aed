"""What compare measures with: one timed command line, the programs compared, and places on fresh file systems."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20


@dataclass
class Command:
    """Programs joined by pipes; the last one's output is thrown away."""
    stages: list
    cwd: str = "/"
    env: dict = field(default_factory=dict)
    allowed: tuple = (0,)


@dataclass
class Measured:
    wall: float          # seconds, from before the first program starts until the last one has ended
    cpu: float           # user and system seconds of all of them and their children
    rss: float           # MiB, the sum of the stages' ru_maxrss
    anon: float = 0.0    # MiB, the highest RssAnon seen in ft's own process
    growth: float = 0.0  # MiB by which the store grew
    flush: float = 0.0   # seconds that syncfs took afterwards


class Failed(Exception):
    """A measured program did not do its work."""


class AnonWatcher:
    """Reads RssAnon of one process every few milliseconds (RssAnon: mapped index pages are not counted)."""

    def __init__(self, pid):
        self.peak_kib = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(pid,))
        self.thread.start()

    def watch(self, pid):
        while not self.ended.is_set():
            try:
                with open(f"/proc/{pid}/status", "rb") as status:
                    _, found, rest = status.read().partition(b"RssAnon:")
            except OSError:
                return
            if found:
                self.peak_kib = max(self.peak_kib, int(rest.split()[0]))
            self.ended.wait(0.004)

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.peak_kib / 1024


def start_stages(command, messages):
    stages, previous = [], subprocess.DEVNULL
    for number, argv in enumerate(command.stages):
        last = number + 1 == len(command.stages)
        stage = subprocess.Popen(argv, stdin=previous, stdout=subprocess.DEVNULL if last else subprocess.PIPE,
                                 stderr=messages, cwd=command.cwd, env={**os.environ, **command.env})
        if previous is not subprocess.DEVNULL:
            previous.close()
        previous = stage.stdout
        stages.append(stage)
    return stages


def run(command):
    """Runs a command, waits for all of it, and returns what it took; raises Failed with its messages."""
    with tempfile.TemporaryFile() as messages:
        start = time.perf_counter()
        stages = start_stages(command, messages)
        watchers = [AnonWatcher(stage.pid) for stage in stages if Path(stage.args[0]).name.startswith("ft")]
        result = Measured(0, 0, 0)
        for stage in stages:
            _, status, usage = os.wait4(stage.pid, 0)
            stage.returncode = os.waitstatus_to_exitcode(status)
            result.cpu += usage.ru_utime + usage.ru_stime
            result.rss += usage.ru_maxrss / 1024
        result.wall = time.perf_counter() - start
        result.anon = max((watcher.stop() for watcher in watchers), default=0.0)
        for stage in stages:
            if stage.returncode not in command.allowed:
                messages.seek(0)
                said = messages.read().decode(errors="replace").strip()
                raise Failed(f"{' '.join(map(str, stage.args))}: exit code {stage.returncode}: {said[-500:]}")
    return result


def quietly(*argv):
    """Runs something that is not measured; returns its output."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, argv))}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def warm(path):
    """Has all files below a path read: memory that nobody has touched for a while may be gone, or in a host's hands."""
    subprocess.run(["find", path, "-type", "f", "-exec", "cat", "{}", "+"], stdout=subprocess.DEVNULL, check=True)


def size_of(path):
    """MiB of all files below a path."""
    return sum(file.lstat().st_size for file in Path(path).rglob("*") if file.is_file()) / MIB


class Program:
    """One of the programs compared: how it saves a tree or a stream, reads it all again, and brings it back."""
    name = ""
    keeps_holes = True

    def __init__(self, stores):
        self.stores = stores

    def store(self, corpus):
        return self.stores / f"{self.name.split()[0]}-{corpus.store_name}"

    def create(self, store):
        """Makes an empty store; not timed."""
        store.mkdir()

    def before_save(self, store, corpus):
        """What a save must find done; not timed."""


class Ft(Program):
    name = "ft"

    def __init__(self, stores, folder):
        super().__init__(stores)
        self.ckpt, self.rest = str(folder / "ftckpt"), str(folder / "ftrestore")

    def create(self, store):
        """The first save makes the store."""

    def save(self, store, corpus):
        return Command([[self.ckpt, "save", "-q", "-s", store, corpus.name, corpus.path]])

    def save_stream(self, store, corpus):
        return Command([["cat", corpus.path], [self.ckpt, "save", "-q", "-s", store, corpus.name, "-"]])

    def verify(self, store, corpus):
        return Command([[self.ckpt, "verify", "-q", "-s", store]])

    def restore(self, store, corpus, out, *flags):
        owners = () if os.geteuid() == 0 else (3,)  # only root can give files away
        return Command([[self.rest, "-q", "-s", store, corpus.name, out, *flags]], allowed=(0, *owners))

    def stream_out(self, store, corpus):
        return Command([[self.rest, "-s", store, corpus.name, "-"], ["cat"]])


class Restic(Program):
    """Repository format 2 with its default compression, its cache below the scratch directory."""
    name = "restic"
    keeps_holes = False

    def command(self, store, *words, cwd="/", before=()):
        env = {"RESTIC_PASSWORD": "compare", "RESTIC_REPOSITORY": str(store),
               "RESTIC_CACHE_DIR": str(self.stores / "restic-cache"), "RESTIC_PROGRESS_FPS": "0.1"}
        return Command([*before, ["restic", "-q", *words]], str(cwd), env)

    def create(self, store):
        run(self.command(store, "init", "--repository-version", "2"))

    def save(self, store, corpus):
        return self.command(store, "backup", ".", cwd=corpus.path)

    def save_stream(self, store, corpus):
        return self.command(store, "backup", "--stdin", "--stdin-filename", corpus.name, before=[["cat", corpus.path]])

    def verify(self, store, corpus):
        return self.command(store, "check", "--read-data")

    def restore(self, store, corpus, out):
        # By path: several corpora may share one store.
        return self.command(store, "restore", "latest", "--path", corpus.path, "--target", out)

    def stream_out(self, store, corpus):
        dump = self.command(store, "dump", "--path", f"/{corpus.name}", "latest", corpus.name)
        return Command([*dump.stages, ["cat"]], dump.cwd, dump.env)


class Borg(Program):
    """lz4, its default, and no encryption; a checkpoint's name is its corpus and a number."""
    name = "borg"

    def __init__(self, stores):
        super().__init__(stores)
        self.count = 0

    def command(self, *words, cwd="/", before=()):
        env = {"BORG_BASE_DIR": str(self.stores / "borg-base"), "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
               "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
        return Command([*before, ["borg", *words]], str(cwd), env, allowed=(0, 1))  # 1: done, with warnings

    def create(self, store):
        run(self.command("init", "-e", "none", store))

    def next_name(self, store, corpus):
        self.count += 1
        return f"{store}::{corpus.name}-{self.count:06}"

    def newest(self, store, corpus):
        env = self.command().env
        names = subprocess.run(["borg", "list", "--short", "-P", f"{corpus.name}-", store], env={**os.environ, **env},
                               stdout=subprocess.PIPE, check=True).stdout.decode().split()
        return f"{store}::{max(names)}"

    def save(self, store, corpus):
        return self.command("create", "--sparse", self.next_name(store, corpus), ".", cwd=corpus.path)

    def save_stream(self, store, corpus):
        return self.command("create", self.next_name(store, corpus), "-", before=[["cat", corpus.path]])

    def verify(self, store, corpus):
        return self.command("check", "--verify-data", store)

    def restore(self, store, corpus, out):
        os.makedirs(out)
        return self.command("extract", "--sparse", self.newest(store, corpus), cwd=out)

    def stream_out(self, store, corpus):
        extract = self.command("extract", "--stdout", self.newest(store, corpus))
        return Command([*extract.stages, ["cat"]], extract.cwd, extract.env)


class TarZstd(Program):
    """tar | zstd -1 -T0: each save is a whole archive; a stream goes through zstd alone."""
    name = "tar+zstd"

    def archive(self, store, corpus):
        return store / f"{corpus.name}.zst"

    def before_save(self, store, corpus):
        self.archive(store, corpus).unlink(missing_ok=True)

    def save(self, store, corpus):
        return Command([["tar", "-S", "-cf", "-", "-C", corpus.path, "."],
                        ["zstd", "-1", "-T0", "-q", "-o", self.archive(store, corpus)]], allowed=(0, 1))

    def save_stream(self, store, corpus):
        return Command([["cat", corpus.path], ["zstd", "-1", "-T0", "-q", "-o", self.archive(store, corpus)]])

    def verify(self, store, corpus):
        return Command([["zstd", "-dc", self.archive(store, corpus)], ["tar", "-tf", "-"]])

    def restore(self, store, corpus, out):
        os.makedirs(out)
        return Command([["zstd", "-dc", self.archive(store, corpus)], ["tar", "-xpf", "-", "-C", out]])

    def stream_out(self, store, corpus):
        return Command([["zstd", "-dc", self.archive(store, corpus)], ["cat"]])


class Places:
    """Where restores go: for each a newly made ext4 in one loop-mounted file (creating files where many were just
    deleted is ten times slower); without root, a new directory beside the ones before it."""

    def __init__(self, scratch):
        self.image, self.mount, self.others = scratch / "place.img", scratch / "place", scratch / "places"
        self.loop, self.count = None, 0
        self.fresh = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None
        self.mount.mkdir()
        self.others.mkdir()

    def new(self, size, entries):
        """A path that does not exist yet, with room for `size` bytes in `entries` files."""
        self.count += 1
        if not self.fresh:
            return str(self.others / str(self.count))
        self.close()
        self.fill(int(size * 1.1) + entries * 1024 + 512 * MIB)
        self.loop = quietly("losetup", "--find", "--show", "--direct-io=on", self.image).strip()
        quietly("mkfs.ext4", "-q", "-N", str(entries + 20_000), "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0",
                self.loop)
        quietly("mount", self.loop, self.mount)
        return str(self.mount / "out")

    def fill(self, size):
        """Writes the image's blocks once, so that later writes find them allocated."""
        have = self.image.stat().st_size if self.image.exists() else 0
        if have < size:
            quietly("dd", "if=/dev/zero", f"of={self.image}", "bs=1M", f"seek={have // MIB}", "conv=notrunc",
                    f"count={(size - have) // MIB + 1}", "status=none")
            os.sync()

    def flush(self, out):
        """Seconds until what was restored is on the disk."""
        start = time.perf_counter()
        quietly("sync", "-f", out)
        return time.perf_counter() - start

    def close(self):
        if self.loop:
            if os.path.ismount(self.mount):
                quietly("umount", self.mount)
            quietly("losetup", "-d", self.loop)
            self.loop = None


def first_line(*argv):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode().splitlines()[0]
    except (OSError, IndexError):
        return f"no {argv[0]}"


def machine_line(scratch, ft):
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown processor")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    return "; ".join([f"{len(os.sched_getaffinity(0))} cores ({model}), {memory} MiB, load {os.getloadavg()[0]:.1f}",
                      f"Linux {os.uname().release}", first_line("findmnt", "-no", "FSTYPE", "-T", str(scratch)),
                      first_line(ft.ckpt, "--version"), first_line("restic", "version").split(" compiled")[0],
                      first_line("borg", "--version"), first_line("tar", "--version"),
                      first_line("zstd", "--version").strip("* ")])
