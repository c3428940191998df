"""`down`, what it leaves, and what never exists. It is the last file, since it ends the stack."""
import os
import shutil

import guide
from stack import CONTAINERS, OVERRIDE, UP, StackTest
from test_4_switches import COMPOSE

NOW_COVERED = "test_1_start test_2_reach test_3_python test_4_switches"


class End(StackTest):
    def left(self, what):
        label = f"label=com.docker.compose.project={self.stack.project.name}"
        options = ["-a"] if what == "ps" else []
        return self.stack.docker(*(["ps"] if what == "ps" else [what, "ls"]), *options, "-q", "--filter", label).out.split()

    def test_1_down_leaves_the_volumes_and_the_workspace_and_nothing_else(self):
        (self.stack.project / "workspace/kept").write_text("kept\n")
        self.stack.started = False
        self.typed(f"{COMPOSE} down")
        self.assertEqual((self.left("ps"), self.left("network")), ([], []))
        self.assertEqual(len(self.left("volume")), 8)
        self.assertIn("claude-workspace", self.stack.docker("volume", "ls", "-q").out.split())
        # Images are in one of them, so that a second start has them; and the same certificates.
        self.typed(UP)
        self.stack.wait_healthy()
        self.assertIn("python:3.11", self.stack.dind("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").out)

    def test_2_down_with_volumes_leaves_the_workspaces_files_alone(self):
        self.stack.started = False
        self.typed(f"{COMPOSE} down -v")
        self.assertEqual((self.left("ps"), self.left("network"), self.left("volume")), ([], [], []))
        self.assertNotIn("claude-workspace", self.stack.docker("volume", "ls", "-q").out.split())
        self.assertEqual((self.stack.project / "workspace/kept").read_text(), "kept\n")

    def test_3_a_workspace_folder_that_is_missing_is_named(self):
        self.stack.started = False
        self.addCleanup(self.stack.down, "-v")
        shutil.move(self.stack.project / "workspace", self.stack.project / "elsewhere")
        self.addCleanup(shutil.move, self.stack.project / "elsewhere", self.stack.project / "workspace")
        done = self.typed(UP, fine=True)
        self.assertNotEqual(done.code, 0)
        self.assertIn(f"failed to mount local volume: mount {self.stack.project}/workspace", done.out)
        self.assertIn("no such file or directory", done.out)

    def test_4_without_the_engines_file_the_others_start_and_refuse_runs(self):
        self.stack.started = False
        self.addCleanup(self.stack.down, "-v")
        done = self.stack.run(["docker-compose", "-f", "docker-compose.yml", "up", "-d"])
        self.assertEqual(done.code, 0, done.out)
        self.stack.wait_healthy(*CONTAINERS[1:])
        refused = self.stack.inside("claude-backend", "dind-executor", "run", "-l", "python", "-", input="print(1)", fine=True)
        self.assertEqual(refused.code, 125)
        self.assertIn("DIND_ENABLED", refused.out)

    def test_5_docker_compose_2_starts_the_same_and_leaves_a_docker_host_in_env_to_the_stack(self):
        self.stack.started = False
        self.stack.write_env(guide.block("2. 環境変数の設定").text)
        self.addCleanup(self.stack.write_env, {})
        self.addCleanup(self.stack.down, "-v")
        typed = [os.environ["DIND_COMPOSE_2"], "-f", "docker-compose.yml", "-f", "docker-compose.dind.yml",
                 *([] if self.stack.privileged else ["-f", str(OVERRIDE)])]
        done = self.stack.run([*typed, "up", "-d"], timeout=300)
        self.assertEqual(done.code, 0, done.out)
        self.stack.wait_healthy()
        self.assertIn("healthy", self.stack.run([*typed, "ps"]).out)
        for name in CONTAINERS[1:]:
            self.assertEqual(self.stack.inside(name, "docker", "context", "inspect", "dind", "--format", "{{.Endpoints.docker.Host}}").out,
                             "tcp://dind:2375\n")
            self.stack.inside(name, "docker", "info")
        limits = self.stack.inspect("claude-dind")["HostConfig"]
        self.assertEqual((limits["NanoCpus"], limits["Memory"]), (min(4, self.stack.cpus) * 10**9, 8 << 30))
        done = self.stack.run([*typed, "down", "-v"])
        self.assertEqual((done.code, self.left("ps"), self.left("network"), self.left("volume")), (0, [], [], []), done.out)

    def test_6_every_block_of_the_guide_is_covered(self):
        for name in NOW_COVERED.split():
            __import__(name)
        for block in guide.BLOCKS:
            print(f"  guide, line {block.line:3}, {block.language:7} {block.heading}: {', '.join(guide.COVERED.get(block.line, ['NOTHING']))}")
        self.assertEqual([f"line {each.line}: {each.heading}" for each in guide.BLOCKS if each.line not in guide.COVERED], [])
