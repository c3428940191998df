"""The set-up of the guide, as it is written: start, state, names, workspace, and what a person checks if something is wrong."""
import json
import os
import re
import urllib.request

from guide import covers, drawing
from stack import CONTAINERS, ROOT, StackTest

drawing("セキュリティ考慮事項", 0, "its four points are checked in test_2_reach.py and test_3_python.py")
drawing("パフォーマンスが遅い", 0, "shares of an example")
drawing("ベストプラクティス", 0, "advice")
drawing("まとめ", 0, "a summary")



class Start(StackTest):
    @covers("1. DinD環境の起動")
    def test_01_up_and_ps(self, block):
        (_, up), (_, ps) = block.commands()
        self.typed(up)  # a second time: nothing to do
        self.stack.wait_healthy()
        done = self.typed(ps)
        for name in CONTAINERS:
            self.assertRegex(done.out, rf"{name} .*Up \(healthy\)")

    @covers("アーキテクチャ")
    def test_02_the_engine_is_healthy_before_the_others_start(self, block):
        self.assertIn("DinD起動 --> Backend起動", block.text)
        self.assertIn("DinD起動 --> CodeServer起動", block.text)
        dind = self.stack.inspect("claude-dind")["State"]
        healthy = min(each["End"] for each in dind["Health"]["Log"] if each["ExitCode"] == 0)
        for name in CONTAINERS[1:]:
            began = self.stack.inspect(name)["State"]["StartedAt"]
            self.assertGreaterEqual(began[:19], dind["StartedAt"][:19])
            # The engine keeps five results of a health check: an older one is older still.
            self.assertTrue(len(dind["Health"]["Log"]) == 5 or began[:19] >= healthy[:19], f"{name} began {began}, healthy at {healthy}")

    @covers("概要")
    def test_03_both_talk_to_the_same_engine_and_it_is_not_the_hosts(self, block):
        self.assertEqual(block.text.count("-->|tcp://dind:2375| DockerDaemon"), 2)
        ids = {self.stack.inside(name, "docker", "info", "--format", "{{.ID}}").out for name in CONTAINERS}
        self.assertEqual(len(ids), 1)
        self.assertNotIn(self.stack.docker("info", "--format", "{{.ID}}").out, ids)

    @covers("3. 動作確認")
    def test_04_docker_info_from_the_backend_and_from_the_editors_terminal(self, block):
        (first, backend), (second, terminal) = block.commands()
        self.assertTrue(first.startswith("Backend") and second.startswith("code-server"))
        self.assertIn("Server Version", self.typed(backend).out)
        self.assertIn("Server Version", self.terminal(terminal).out)

    def terminal(self, line):
        """The environment that code-server gives to a terminal."""
        pid = self.stack.inside("claude-code-server", "pgrep", "-o", "-f", "code-server/out/node/entry.js").out.strip()
        listed = self.stack.inside("claude-code-server", "cat", f"/proc/{pid}/environ").out.split("\0")
        variables = [word for each in listed if each for word in ("-e", each)]
        print(f"  coder@code-server:~/workspace$ {line}", flush=True)
        return self.stack.docker("exec", *variables, "-w", "/home/coder/workspace", "claude-code-server", "env", "bash", "-c", line)

    def test_05_the_editor_has_the_extension_and_is_reached_by_the_published_port(self):
        self.assertIn("dind-executor.dind-executor", self.stack.inside("claude-code-server", "code-server", "--list-extensions").out)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        page = opener.open(f"http://127.0.0.1:{self.stack.editor_port}/", timeout=20)
        self.assertIn("/login", page.url)  # no access without the password

    @covers("ワークスペースの共有")
    def test_06_one_workspace_under_the_names_of_the_guide(self, block):
        places = dict(re.findall(r"^ +(\S+): (\S+)$", block.text, re.M))
        self.assertEqual(places, {"Host": "./workspace", "Backend": "/app/workspace", "code-server": "/home/coder/workspace",
                                  "DinD": "/workspaces", "実行コンテナ": "/workspaces"})
        writers = {"Backend": "claude-backend", "code-server": "claude-code-server", "DinD": "claude-dind"}
        host = self.stack.project / places["Host"]
        for name, container in writers.items():
            self.stack.inside(container, "sh", "-c", f"echo {container} > {places[name]}/from-{container}")
        (host / "from-host").write_text("host\n")
        os.chown(host / "from-host", 1000, 1000)
        for name, container in writers.items():
            seen = self.stack.inside(container, "sh", "-c", f"cd {places[name]} && cat from-host from-claude-*").out
            self.assertEqual(seen, "host\nclaude-backend\nclaude-code-server\nclaude-dind\n")
        for container in ("claude-backend", "claude-code-server"):
            where = places["Backend" if container == "claude-backend" else "code-server"]
            self.assertEqual(self.stack.inside(container, "id", "-u").out, "1000\n")
            for other in ("claude-backend", "claude-code-server", "host"):
                self.stack.inside(container, "sh", "-c", f"test -f {where}/from-{other} && echo more >> {where}/from-{other}")
        self.assertEqual(host.stat().st_uid, 1000)  # root made it; the engine's container has changed its owner
        seen = self.stack.dind("docker", "run", "--rm", "-v", "/workspaces:/workspaces", "dind-executor/runtime-shell:bookworm",
                               "cat", "/workspaces/from-host")
        self.assertTrue(seen.out.startswith("host\n"))

    @covers("ワークスペースがマウントされない")
    def test_07_the_volume_and_its_mount(self, block):
        (_, inspect), (_, listing) = block.commands()
        volume = json.loads(self.typed(inspect).stdout)[0]
        self.assertEqual(volume["Name"], "claude-workspace")
        self.assertEqual(volume["Options"], {"type": "none", "o": "bind", "device": str(self.stack.project / "workspace")})
        self.assertIn("from-host", self.typed(listing).out)

    @covers("DinDに接続できない")
    def test_08_state_log_and_health_of_the_engine(self, block):
        (_, ps), (_, logs), (_, info) = block.commands()
        self.assertRegex(self.typed(ps).out, r"claude-dind .*Up \(healthy\)")
        log = self.typed(logs).out
        self.assertIn("dind: firewall:", log)
        self.assertIn("API listen on", log)
        self.assertIn("Server Version", self.typed(info).out)

    def test_09_the_limits_are_those_of_the_file(self):
        limits = self.stack.inspect("claude-dind")["HostConfig"]
        self.assertEqual(limits["NanoCpus"], min(4, self.stack.cpus) * 10**9)
        self.assertEqual(limits["Memory"], 8 << 30)
        self.assertEqual(limits["MemoryReservation"], 4 << 30)

    def test_10_the_api_is_tls_with_certificates_of_both_sides(self):
        client = "/certs/client"
        listing = self.stack.inside("claude-backend", "ls", "-A", client).out.split()
        self.assertEqual(sorted(listing), ["ca.pem", "cert.pem", "key.pem"])
        program = """
import socket, ssl, sys
def answer(certificate):
    context = ssl.create_default_context(cafile="/certs/client/ca.pem")
    if certificate: context.load_cert_chain("/certs/client/cert.pem", "/certs/client/key.pem")
    with socket.create_connection(("dind", 2376), 5) as plain, context.wrap_socket(plain, server_hostname="dind") as secure:
        secure.sendall(b"GET /_ping HTTP/1.0\\r\\n\\r\\n")
        return secure.recv(100)
print(answer(True)[:15])
try: print(answer(False))
except (ssl.SSLError, ConnectionError) as error: print("refused")
try: socket.create_connection(("dind", 2375), 5); print("2375 is open")
except OSError: print("2375 is closed")
"""
        self.assertEqual(self.stack.inside("claude-backend", "python3", "-c", program).out, "b'HTTP/1.0 200 OK'\nrefused\n2375 is closed\n")
        refused = self.stack.inside("claude-backend", "sh", "-c", "echo x > /certs/client/ca.pem", fine=True)
        self.assertNotEqual(refused.code, 0)

    def test_13_k16_a_folder_is_mounted_by_the_path_that_each_container_has_for_it(self):
        for container, place in (("claude-backend", "/app/workspace"), ("claude-code-server", "/home/coder/workspace"),
                                 ("claude-backend", "/workspaces"), ("claude-dind", "/workspaces")):
            self.stack.inside(container, "sh", "-c", f"mkdir -p {place}/k16 && echo {container} > {place}/k16/t.txt")
            for mounted in ("$PWD", "claude-workspace"):
                with self.subTest(container=container, place=place, mounted=mounted):
                    below = "" if mounted == "$PWD" else "k16/"
                    seen = self.stack.inside(container, "sh", "-c", f'cd {place}/k16 && docker run --rm -v "{mounted}:/x" '
                                             f"dind-executor/runtime-shell:bookworm cat /x/{below}t.txt")
                    self.assertEqual(seen.out, f"{container}\n")

    def test_14_k08_k09_k23_logs_are_bounded_images_have_a_version_and_every_container_has_a_limit(self):
        for name in CONTAINERS:
            with self.subTest(name):
                seen = self.stack.inspect(name)
                self.assertEqual(seen["HostConfig"]["LogConfig"], {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}})
                self.assertGreater(seen["HostConfig"]["Memory"], 0)
                self.assertEqual(seen["HostConfig"]["MemorySwap"], seen["HostConfig"]["Memory"])
                image = self.stack.inspect(seen["Image"])
                self.assertRegex(image["Config"]["Labels"]["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+")
                self.assertTrue([tag for tag in image["RepoTags"] if re.search(r":\d+\.\d+\.\d+", tag)], image["RepoTags"])

    def test_15_s15_the_name_service_runs_as_nobody(self):
        self.assertRegex(self.stack.dind("ps", "ax", "-o", "user,args").out, r"(?m)^nobody +dnsmasq ")
        self.assertNotRegex(self.stack.dind("ps", "ax", "-o", "user,args").out, r"(?m)^root +dnsmasq ")

    def test_16_s04_the_editors_git_runs_no_program_that_a_repository_names(self):
        """A program of a sandbox can make a repository in the workspace, and VS Code looks into each."""
        plant = """set -e; rm -rf planted owned; git init -q planted; cd planted; git config user.name x; git config user.email x@x
            echo a > a; git add a; git commit -qm a
            git config core.fsmonitor 'echo fsmonitor >> /home/coder/workspace/owned; false'
            printf '#!/bin/sh\necho hook >> /home/coder/workspace/owned\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
            git config core.hooksPath .git/hooks"""
        use = "cd /home/coder/workspace/planted && git status -s && git checkout -q -b other$RANDOM && git -c color.ui=never diff"
        self.stack.inside("claude-code-server", "bash", "-c", f"cd /home/coder/workspace; {plant}")
        self.stack.inside("claude-code-server", "bash", "-c", use)
        self.terminal(use)
        self.assertEqual(self.stack.inside("claude-code-server", "sh", "-c", "cat workspace/owned 2>/dev/null || true").out, "")
        # Without the pins both run: so their absence above is an effect of the pins.
        self.stack.inside("claude-code-server", "env", "-u", "GIT_CONFIG_COUNT", "bash", "-c", use)
        self.assertEqual(set(self.stack.inside("claude-code-server", "cat", "workspace/owned").out.split()), {"fsmonitor", "hook"})
        settings = json.loads(self.stack.inside("claude-code-server", "cat", ".local/share/code-server/User/settings.json").stdout)
        self.assertEqual(settings["task.allowAutomaticTasks"], "off")
        # An application's setting: no workspace can set it.
        bundle = "/usr/lib/code-server/node_modules/code-server/lib/vscode/out/vs/code/browser/workbench/workbench.js"
        shown = self.stack.inside("claude-code-server", "grep", "-o", '"task.allowAutomaticTasks":{[^}]*}', bundle).out
        self.assertIn("scope:1", shown)

    def test_12_env_example_names_every_variable_and_changes_nothing(self):
        example = (ROOT / ".env.example").read_text()
        named = set(re.findall(r"(?m)^#?([A-Z_]+)=", example))
        used = set()
        for name in ("docker-compose.yml", "docker-compose.dind.yml"):
            used |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / name).read_text()))
        self.assertEqual(named, used - {"PWD"})
        config = ["docker-compose", "-f", "docker-compose.yml", "-f", "docker-compose.dind.yml", "config"]
        shown = []
        for text in ("", example):
            (self.stack.project / ".env").write_text(text)
            shown.append(self.stack.run(config).out)
        self.stack.write_env({})
        self.assertEqual(shown[0], shown[1])
        self.assertIn("claude-workspace", shown[0])

    def test_11_nothing_of_the_engine_is_published_and_nothing_listens_beyond_loopback(self):
        self.assertEqual({port: at for port, at in self.stack.inspect("claude-dind")["NetworkSettings"]["Ports"].items() if at}, {})
        for name in CONTAINERS[1:]:
            for bound in self.stack.inspect(name)["NetworkSettings"]["Ports"].values():
                self.assertEqual({each["HostIp"] for each in bound or []}, {"127.0.0.1"})
