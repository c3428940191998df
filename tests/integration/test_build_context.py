"""What a build receives of a folder, compared with the engine's own build from a tar of the folder: times, modes, links, and ignored files."""
import io
import json
import os
import tarfile
import time
import uuid

from dindtest import engine
from dindtest.case import CliCase
from dindtest.engine import remove_built_images
from dindtest.program import PYTHON, SHELL

LIST = r"find . -mindepth 1 -printf '%P|%y|%m|%Ts|%l\n' | sort"


class BuildContext(CliCase):
    def setUp(self):
        super().setUp()
        self.project = self.folder / "project"
        self.project.mkdir()
        self.mark = uuid.uuid4().hex  # so that no cache is used
        self.addCleanup(remove_built_images)

    def write(self, name, text="x"):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run_folder(self, *arguments, builder="classic", cwd=None, workspace=None):
        environment = {"DOCKER_BUILDKIT": "1" if builder == "buildkit" else "0"}
        if workspace:
            environment["DIND_WORKSPACE"] = str(workspace)
        return self.call("run", *arguments, env=self.environment(**environment), cwd=str(cwd or self.project))

    def by_the_engine(self, dockerfile):
        """The output of an image that the engine builds of a tar of the project, as docker's client sends one."""
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path in sorted(self.project.rglob("*")):
                info = archive.gettarinfo(path, str(path.relative_to(self.project)))
                info.uid = info.gid = 0
                info.mtime = int(info.mtime)
                archive.addfile(info, io.BytesIO(path.read_bytes()) if info.isreg() else None)
            info = tarfile.TarInfo(".ours")
            info.size = len(dockerfile)
            archive.addfile(info, io.BytesIO(dockerfile.encode()))
            rules = b".ours\n.dockerignore\n"
            info = tarfile.TarInfo(".dockerignore")
            info.size = len(rules)
            archive.addfile(info, io.BytesIO(rules))
        name = f"test/context-{self.mark}"
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        engine.call("POST", f"/build?dockerfile=.ours&t={name}&networkmode=none", tar=tar.getvalue())
        made = engine.call("POST", "/containers/create", {"Image": name})["Id"]
        self.addCleanup(engine.call, "DELETE", f"/containers/{made}?force=1", allow=(404,))
        engine.call("POST", f"/containers/{made}/start")
        engine.call("POST", f"/containers/{made}/wait")
        frames, text = engine.call("GET", f"/containers/{made}/logs?stdout=1&stderr=1"), b""
        while frames:
            size = int.from_bytes(frames[4:8], "big")
            text, frames = text + frames[8:8 + size], frames[8 + size:]
        return text.decode()

    def test_times_modes_and_links_are_those_of_a_build_by_docker(self):  # B01
        self.write("old.txt")
        self.write("sub/run.sh").chmod(0o755)
        self.write("sub/deep/secret").chmod(0o600)
        self.write("sub/group").chmod(0o640)
        (self.project / "link").symlink_to("sub/run.sh")
        (self.project / "dangling").symlink_to("/nowhere")
        (self.project / "empty").mkdir(mode=0o711)
        for number, path in enumerate(sorted(self.project.rglob("*"), reverse=True)):
            when = 1_700_000_000 + number * 1000 + 0.75
            os.utime(path, (when, when), follow_symlinks=False)
        dockerfile = f"FROM {SHELL}\nRUN echo {self.mark}\nCOPY . /c\nWORKDIR /c\nUSER root\nCMD {LIST}\n"
        expected = self.by_the_engine(dockerfile)
        self.assertEqual(expected.count("\n"), 9, expected)
        other = self.folder / "Other"
        other.write_text(dockerfile)
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.run_folder("-q", "--dockerfile", str(other), "--context", ".", builder=builder)
                self.assertEqual(done.returncode, 0, done.stderr)
                # BuildKit can't hide the Dockerfile. Sandboxes have no root, so the program can't read it.
                lines = [line for line in done.stdout.decode().splitlines() if not line.startswith(".dockerfile.")]
                self.assertEqual("\n".join(lines), expected.rstrip())

    def test_make_and_zip_see_the_times(self):  # B01
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                (self.project / "Dockerfile").write_text(
                    f"FROM {PYTHON}\nRUN echo {self.mark}\nCOPY . /w\nRUN cd /w && python3 -m zipfile -c /a.zip . && test in.txt -nt out.txt\n"
                    "CMD [\"cat\", \"/w/in.txt\"]\n")
                self.write("in.txt", "new")
                os.utime(self.write("out.txt", "old"), (1_700_000_000, 1_700_000_000))
                self.assert_run(self.run_folder("-q", "--workspace", ".", "--program", "dockerfile", builder=builder), 0, b"new")

    def test_a_containerfile_is_built_where_there_is_no_dockerfile(self):  # B16, P23
        for name, mark in (("Containerfile", b"of the Containerfile\n"), ("dockerfile", b"of the dockerfile\n"), ("Dockerfile", b"of the Dockerfile\n")):
            (self.project / name).write_text(f"FROM {SHELL}\nCMD [\"echo\", \"of the {name}\"]\n")
            with self.subTest(name):
                self.assert_run(self.run_folder("-q", "--workspace", "."), 0, mark)
        for name in ("Containerfile", "dockerfile", "Dockerfile"):
            (self.project / name).unlink()
        (self.project / "Dockerfile.dev").write_text(f"FROM {SHELL}\nCMD [\"echo\", \"of the other\"]\n")
        self.assert_refused(self.run_folder("-q", "--workspace", "."), "--dockerfile Dockerfile.dev")
        self.assert_run(self.run_folder("-q", "--workspace", ".", "--dockerfile", "Dockerfile.dev"), 0, b"of the other\n")

    def test_a_pattern_that_docker_refuses_is_refused_with_its_line(self):  # B04
        (self.project / "Dockerfile").write_text(f"FROM {SHELL}\nCOPY . /c\nCMD find /c -type f\n")
        for pattern in ("[a-b-c]", "[", "[]a]", "!"):
            with self.subTest(pattern):
                self.write(".dockerignore", f"# first\n{pattern}\n")
                self.assert_refused(self.run_folder("-q", "--workspace", ".", "--program", "dockerfile"), "Line 2 of .dockerignore")

    def test_what_stays_at_home_stays_there_with_both_builders(self):  # B04
        for name in ("sub/c.log", "é.txt", "a", "b", "deep/er/x.py"):
            self.write(name)
        (self.project / "Dockerfile").write_text(f"FROM {SHELL}\nRUN echo {self.mark}\nCOPY . /c\nCMD cd /c && find . -type f | sort\n")
        everything = {"./Dockerfile", "./a", "./b", "./sub/c.log", "./é.txt", "./deep/er/x.py", "./.dockerignore"}
        cases = {"\ufeff# no\r\n**.log\r\n?.txt\n../a\n[b-c]": {"./sub/c.log", "./é.txt", "./b"}, "*\n!**/*.py\n": everything - {"./deep/er/x.py"}}
        for rules, gone in cases.items():
            for builder in ("classic", "buildkit"):
                with self.subTest(rules=rules, builder=builder):
                    self.write(".dockerignore", rules)
                    done = self.run_folder("-q", "--workspace", ".", "--program", "dockerfile", builder=builder)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    there = set(done.stdout.decode().splitlines())
                    # BuildKit reads its Dockerfile from the context, so it is there even if it is ignored.
                    self.assertEqual(there - {"./Dockerfile"}, everything - gone - {"./Dockerfile"})

    def test_the_dockerfiles_own_rules_go_first(self):  # B04
        self.write("a.txt")
        self.write("b.log")
        text = f"FROM {SHELL}\nCOPY . /c\nCMD cd /c && ls\n"
        self.write("Dockerfile", text)
        self.write("docker/Other", text)
        self.write(".dockerignore", "")
        self.write("Dockerfile.dockerignore", "*.txt\n")
        self.write("docker/Other.dockerignore", "*.log\ndocker\n")
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                own = self.run_folder("-q", "--workspace", ".", "--program", "dockerfile", builder=builder).stdout.decode().split()
                self.assertIn("b.log", own)
                self.assertNotIn("a.txt", own)
                other = self.run_folder("-q", "--dockerfile", "docker/Other", "--context", ".", builder=builder).stdout.decode().split()
                self.assertIn("a.txt", other)
                self.assertNotIn("b.log", other)

    def test_a_folder_keeps_its_own_dockerfile(self):  # B03
        self.write("Dockerfile", f"FROM {SHELL}\nCMD echo real\n")
        self.write("Other", f"FROM {SHELL}\nCOPY . /c\nCMD [\"cat\", \"/c/Dockerfile\"]\n")
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.run_folder("-q", "--dockerfile", "Other", "--context", ".", builder=builder)
                self.assert_run(done, 0, (self.project / "Dockerfile").read_bytes())

    def test_a_dockerfile_anywhere_with_a_context_anywhere(self):  # B05
        self.write("f.txt", "data\n")
        text = f"FROM {SHELL}\nCOPY f.txt /\nCMD [\"cat\", \"/f.txt\"]\n"
        docker = self.write("docker/Dockerfile.dev", text)
        outside = self.folder / "outside"
        outside.write_text(text)
        ways = [(("--dockerfile", "docker/Dockerfile.dev", "--context", "."), self.project, None),
                (("--workspace", ".", "--dockerfile", "docker/Dockerfile.dev"), self.project, None),
                (("--dockerfile", "../../outside", "--context", ".."), self.project / "docker", None),
                (("--dockerfile", str(outside), "--context", "project"), "/", self.folder),
                (("--dockerfile", str(docker), "--context", "."), "/", self.project)]
        for arguments, cwd, workspace in ways:
            with self.subTest(arguments=arguments, cwd=str(cwd)):
                self.assert_run(self.run_folder("-q", *arguments, cwd=cwd, workspace=workspace), 0, b"data\n")
        done = self.call("run", "-q", "--dockerfile", "-", "--context", ".", input=text.encode(), cwd=str(self.project))
        self.assert_run(done, 0, b"data\n")
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.run_folder("--dockerfile", str(docker), builder=builder)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(b"no files were sent", done.stderr)
                self.assertIn(b"--context", done.stderr)
        self.assert_refused(self.run_folder("-q", "--dockerfile", str(docker), "--context", "nowhere"), "nowhere")

    def test_a_copy_is_found_in_the_builders_cache_again(self):
        self.write("a.txt")
        self.write(".dockerignore", "*.log\n")
        self.write("Dockerfile", f"FROM {SHELL}\nCOPY . /c\nRUN date +%N > /when\nCMD [\"cat\", \"/when\"]\n")
        first = self.run_folder("-q", "--workspace", ".", "--program", "dockerfile").stdout
        time.sleep(1.1)  # another second: the cache of COPY does not compare times
        os.utime(self.project / "a.txt")
        self.assertEqual(self.run_folder("-q", "--workspace", ".", "--program", "dockerfile").stdout, first)

    def test_names_of_one_file_are_one_file_and_are_copied_from_anywhere(self):  # B01
        first = self.write("out/first", self.mark)
        for name in ("in/b", "in/ü", "zz"):
            path = self.project / name
            path.parent.mkdir(exist_ok=True)
            path.hardlink_to(first) if hasattr(path, "hardlink_to") else os.link(first, path)
        self.write("Dockerfile", f"FROM {SHELL}\nCOPY in /in\nCOPY zz /\nCMD cat /in/b /in/ü /zz\n")
        for rules in ("", "out\n"):
            (self.project / ".dockerignore").write_text(rules)
            for builder in ("classic", "buildkit"):
                with self.subTest(builder, rules=rules):
                    done = self.run_folder("-q", "--dockerfile", "Dockerfile", "--context", ".", builder=builder)
                    self.assert_run(done, 0, 3 * self.mark.encode())
                    # The same size: the builder's cache must see that the content differs.
                    first.write_text(uuid.uuid4().hex)
                    done = self.run_folder("-q", "--dockerfile", "Dockerfile", "--context", ".", builder=builder)
                    self.assert_run(done, 0, 3 * first.read_bytes())
                    first.write_text(self.mark)

    def test_an_image_starts_in_its_own_folder_and_a_command_in_one_that_it_may_write_to(self):  # B10
        self.write("app.py", "print('ok')")
        for folder in ("", "WORKDIR /\n", "WORKDIR /app\n"):
            self.write("Dockerfile", f"FROM {PYTHON}\n{folder}COPY app.py .\nCMD [\"python3\", \"app.py\"]\n")
            for how in (("--dockerfile", "Dockerfile", "--context", "."), ("--workspace", ".", "--program", "dockerfile")):
                with self.subTest(folder, how=how):
                    self.assert_run(self.run_folder("-q", *how), 0, b"ok\n")
        self.write("Dockerfile", f"FROM {SHELL}\nENTRYPOINT [\"pwd\"]\n")
        self.assert_run(self.run_folder("-q", "--dockerfile", "Dockerfile"), 0, b"/\n")
        command = ("--", "sh", "-c", "echo x > file && pwd")
        self.assert_run(self.run_folder("-q", "--dockerfile", "Dockerfile", *command), 0, b"/sandbox\n")
        self.assert_run(self.run_folder("-q", "--image", SHELL, *command), 0, b"/sandbox\n")

    def test_files_hidden_by_a_folder_in_memory_are_mentioned(self):  # B10
        self.write("app.py", "print('ok')")
        for text in ("WORKDIR /tmp\nCOPY app.py .\nCMD [\"python3\", \"app.py\"]\n", "WORKDIR /app\nCOPY app.py /tmp/\nCMD [\"python3\", \"/tmp/app.py\"]\n"):
            with self.subTest(text):
                self.write("Dockerfile", f"FROM {PYTHON}\n{text}")
                done = self.run_folder("--dockerfile", "Dockerfile", "--context", ".")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stderr.count(b"/tmp is an empty folder in memory"), 1, done.stderr)


class BuildOptions(CliCase):
    def setUp(self):
        super().setUp()
        self.mark = uuid.uuid4().hex
        self.addCleanup(remove_built_images)

    def build(self, text, *arguments, builder="classic", **more):
        (self.folder / "D").write_text(text.replace("MARK", self.mark))
        env = self.environment(DOCKER_BUILDKIT="1" if builder == "buildkit" else "0", **more)
        return self.call("run", "--dockerfile", str(self.folder / "D"), *arguments, env=env)

    def test_build_arguments_and_targets(self):  # B08
        name, tag = SHELL.split(":")
        text = (f"ARG V\nFROM {name}:${{V}} AS one\nARG A=none\nARG B\nRUN echo MARK \"[$A][$B]\" > /note\nCMD [\"cat\", \"/note\"]\n"
                f"FROM {SHELL}\nCMD [\"echo\", \"last\"]\n")
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.build(text, "-q", "--build-arg", f"V={tag}", "--build-arg", "A=x=y z", "--build-arg", "B", "--target", "one", builder=builder, B="own")
                self.assert_run(done, 0, f"{self.mark} [x=y z][own]\n".encode())
                self.assert_run(self.build(text, "-q", "--build-arg", f"V={tag}", builder=builder), 0, b"last\n")
                done = self.build(text, "--build-arg", f"V={tag}", "--target", "nothing", builder=builder)
                self.assertIn(done.returncode, (1, 125), done.stderr)
                self.assertIn(b"nothing", done.stderr)

    def test_an_argument_without_an_arg_in_the_dockerfile_is_mentioned(self):  # B08
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.build(f"FROM {SHELL}\nARG VERSION\nCMD [\"true\"]\n", "--build-arg", "VERSOIN=1", "--build-arg", "VERSION=2", "--build-arg", "http_proxy=3", builder=builder)
                self.assert_run(done, 0)
                self.assertIn(b"no ARG names VERSOIN.", done.stderr)

    def test_secrets_in_arguments_are_in_no_record(self):  # B08
        done = self.build(f"FROM {SHELL}\nARG API_TOKEN\nRUN echo MARK $API_TOKEN\nCMD [\"true\"]\n", "-q", "--build-arg", "API_TOKEN=hunter2-hunter2")
        self.assert_run(done, 0)
        shown = self.call("history", "show", "--json", json.loads(self.call("history", "list", "--json").stdout)[0]["id"])
        self.assertNotIn(b"hunter2", shown.stdout)

    def test_an_image_runs_its_own_command(self):  # B08
        made = engine.call("POST", "/containers/create", {"Image": SHELL, "Cmd": ["true"]})["Id"]
        name = f"test/own-{self.mark}"
        self.addCleanup(engine.call, "DELETE", f"/images/{name}?force=1", allow=(404,))
        engine.call("POST", f"/commit?container={made}&repo={name}", {"Entrypoint": ["printf", "<%s>"], "Cmd": ["a", "b"]})
        engine.call("DELETE", f"/containers/{made}")
        self.assert_run(self.call("run", "-q", "--image", name), 0, b"<a><b>")
        # B09
        done = self.call("run", "-q", "--image", name, "--", "x", "y")
        self.assert_refused(done, "ENTRYPOINT (printf) is not used")

    def test_a_command_in_place_of_an_entrypoint_is_mentioned(self):  # B09
        text = f"FROM {SHELL}\nENTRYPOINT [\"printf\", \"<%s>\"]\nCMD [\"a\", \"b\"]\n"
        self.assert_run(self.build(text, "-q"), 0, b"<a><b>")
        for command in (("x", "y"), ("--help",)):
            self.assert_refused(self.build(text, "-q", "--", *command), "ENTRYPOINT (printf) is not used")

    def test_files_of_an_image_that_only_root_can_read_are_mentioned(self):  # B10
        cases = (("WORKDIR /root/app\nRUN echo 'print(1)' > main.py && chmod 700 /root\nCMD [\"python3\", \"main.py\"]\n", b"owns nothing"),
                 ("RUN mkdir -p /root/.local && cp /bin/true /root/.local/tool && chmod 700 /root\nCMD [\"sh\", \"-c\", \"/root/.local/tool\"]\n", b"chmod -R a+rX"),
                 ("RUN echo key > /key && chmod 600 /key\nCMD [\"cat\", \"/key\"]\n", b"chmod -R a+rX"),
                 ("WORKDIR /app\nRUN chmod 777 /app\nUSER 1000\nCMD [\"python3\", \"-c\", \"open('out.txt', 'w')\"]\n", b"are writable"))
        for text, note in cases:
            with self.subTest(text):
                done = self.build(f"FROM {PYTHON}\n{text}")
                self.assertNotEqual(done.returncode, 0)
                notes = [line for line in done.stderr.splitlines() if line.startswith(b"note: ") and note in line]
                self.assertEqual(len(notes), 1, done.stderr)

    def test_what_only_buildkit_builds_is_named(self):  # B06
        for text in ("RUN <<EOT\nset -e\necho one > /note\nEOT\n", "COPY <<a.txt /x\nhello\na.txt\n", "RUN cat <<-'E' > /x\n\tone\n\tE\n"):
            with self.subTest(text):  # the classic builder of Docker 28 would run nothing and report success
                self.assert_refused(self.build(f"FROM {SHELL}\n{text}CMD [\"true\"]\n"), "line 2 has a here-document", "DOCKER_BUILDKIT=1")
        cases = {"COPY --link x /x\n": "line 2 has COPY --link", "RUN --network=none true\n": "line 2 has RUN --network",
                 "RUN --mount=type=cache,target=/x true\n": "line 2 has RUN --mount", "COPY --chmod=755 x /x\n": "line 2 has COPY --chmod"}
        for text, note in cases.items():
            with self.subTest(text):
                done = self.build(f"FROM {SHELL}\n{text}CMD [\"true\"]\n")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(note, done.stderr.decode())
                self.assertIn("DOCKER_BUILDKIT=1", done.stderr.decode())
        done = self.build(f"FROM --platform=$BUILDPLATFORM {SHELL}\nCMD [\"true\"]\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"line 1 uses BUILDPLATFORM", done.stderr)
        for text in ("FROM base-${TARGETARCH}", "ARG BASE=base-$TARGETARCH\nFROM $BASE"):
            with self.subTest(text):
                self.assert_refused(self.build(f"{text}\nCMD [\"true\"]\n", "-q"), "TARGETARCH is empty, since only BuildKit sets it", "DOCKER_BUILDKIT=1")
        shift = self.build(f"FROM {SHELL}\nRUN echo $((1 <<2)) MARK\nCMD [\"true\"]\n", "-q")
        if b"unterminated heredoc" not in shift.stderr:  # the parser of Docker 28 takes it for a here-document, and says so
            self.assert_run(shift, 0)
        done = self.build(f"FROM {SHELL}\nRUN --mount=type=secret,id=x true\nCMD [\"true\"]\n")  # B15
        self.assertIn(b"line 2 mounts a secret or ssh", done.stderr)
        self.assertNotIn(b"DOCKER_BUILDKIT=1", done.stderr)
        done = self.build(f"FROM {SHELL}\nARG TARGETARCH\nRUN echo MARK \"[$TARGETARCH]\"\nCMD [\"true\"]\n")
        self.assert_run(done, 0)
        self.assertIn(b"line 2 declares TARGETARCH", done.stderr)

    def test_with_buildkit(self):  # B06, B07, B15
        done = self.build(f"FROM {SHELL}\nRUN <<EOT\nset -e\nEOT\nCMD [\"true\"]\n", builder="buildkit")
        if done.returncode:  # an old one
            self.assertIn(b"# syntax=docker/dockerfile:1", done.stderr)
        self.assert_run(self.build(f"FROM --platform=${{BUILDPLATFORM:-linux/amd64}} {SHELL}\nCMD [\"true\"]\n", "-q", builder="buildkit"), 0)
        self.assert_run(self.build(f"FROM --platform=x86_64 {SHELL}\nCMD [\"true\"]\n", "-q", builder="buildkit"), 0)
        done = self.build(f"FROM {SHELL}\nARG TARGETARCH\nRUN echo \"MARK [$TARGETARCH]\" > /note\nCMD [\"cat\", \"/note\"]\n", "-q", builder="buildkit")
        self.assertNotIn(b"[]", done.stdout)
        done = self.build(f"FROM {SHELL}\nRUN --mount=type=secret,id=x cat /run/secrets/x\nCMD [\"true\"]\n", builder="buildkit")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"mounts a secret or ssh", done.stderr)

    def test_a_dockerfile_without_instructions_is_its_authors_mistake(self):  # I03
        for builder in ("classic", "buildkit"):
            with self.subTest(builder):
                done = self.build("# only a comment\n", "-q", builder=builder)
                self.assert_refused(done, "D: file with no instructions")
                self.assertNotIn(b".dockerfile.", done.stderr)
        done = self.build("FORM x\n", "-q")
        self.assertNotIn(b".dockerfile.", done.stderr)

    def test_the_message_of_a_failed_step_appears_once_and_without_colours(self):  # B11, B13
        done = self.build(f"FROM {SHELL}\nRUN echo first MARK\nRUN printf '\\033[%sred MARK\\033[%s\\n' 31m 0m >&2; exit 3\n")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"red {self.mark}".encode(), done.stderr)
        self.assertNotIn(b"[31m", done.stderr)
        self.assertNotIn(b"\x1b[31m", done.stderr)
        self.assertEqual(done.stderr.count(b"RUN echo first"), 1, done.stderr)
