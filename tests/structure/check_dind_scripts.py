"""The scripts of the engine's image decide rightly, on files that look like a container's: a machine has one kind of container only."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIND = ROOT / "images/dind"


def shell(script, *arguments, user=None, **environment):
    done = subprocess.run(["sh", "-euc", script, "sh", *map(str, arguments)], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60, user=user)
    return done.returncode, done.stdout


PLAIN = """overlay / overlay rw,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
sysfs /sys sysfs {sys},nosuid 0 0
{cgroup} /sys/fs/cgroup {cgroup} {groups},nosuid 0 0
"""


def k01_only_what_the_mount_table_calls_read_only_is_mounted_again(folder):
    def asked(mounts, remount="echo mount $*", writable=True):
        (folder / "mounts").write_text(mounts)
        (folder / "probe").unlink(missing_ok=True)
        if writable:
            (folder / "probe").write_text("1\n")
        else:
            (folder / "probe").mkdir(exist_ok=True)
        script = f'. {DIND}/writable.sh; MOUNTS=$1 PROBE=$2; mount() {{ {remount}; }}; make_writable'
        try:
            return shell(script, folder / "mounts", folder / "probe")
        finally:
            if not writable:
                (folder / "probe").rmdir()

    privileged = PLAIN.format(sys="rw", cgroup="cgroup2", groups="rw")
    assert asked(privileged) == (0, ""), asked(privileged)
    # Version 1 in a privileged container, and what systempaths=unconfined leaves: nothing is mounted on /proc/sys.
    one = PLAIN.format(sys="rw", cgroup="tmpfs", groups="rw,mode=755") + "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
    assert asked(one) == (0, "")
    # Without privileged: read-only, and SYS_ADMIN can change that.
    masked = PLAIN.format(sys="ro", cgroup="cgroup2", groups="ro") + "proc /proc/sys proc ro,relatime 0 0\nproc /proc/irq proc ro 0 0\n"
    assert asked(masked) == (0, "mount -o remount,rw /proc/sys\nmount -o remount,rw /sys/fs/cgroup\n"), asked(masked)
    v1 = PLAIN.format(sys="ro", cgroup="tmpfs", groups="ro") + "cgroup /sys/fs/cgroup/memory cgroup ro,memory 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n"
    assert asked(v1) == (0, "mount -o remount,rw /sys/fs/cgroup\nmount -o remount,rw /sys/fs/cgroup/memory\n"), asked(v1)
    # The later of two mounts is seen.
    assert asked(masked + "proc /proc/sys proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n") == (0, "")
    status, words = asked(masked, remount="return 1")
    assert status == 1 and words == ("dind: error: /proc/sys is mounted read-only here, and can't be mounted again: "
                                     "the service needs privileged: true\n"), words
    status, words = asked(privileged, writable=False)
    assert status == 1 and "can't be written here: the service needs privileged: true" in words, words


def k02_ports_are_numbers(folder):
    def ports(text):
        return shell(f'. {DIND}/firewall.sh; ports_of "$1"', text)
    assert ports("") == (0, "\n")
    assert ports("8000") == (0, "8000\n")
    assert ports("8000,9000, 1 65535") == (0, "8000 9000 1 65535\n")
    for wrong in ("0", "65536", "080", "http", "8000-9000", "8000;reboot", "-1", "*", "99999999999999999999"):
        assert ports(wrong)[0] == 1, wrong


def rules_of(port="", opened="", **environment):
    """The rules of the firewall in a container with the way out eth0 and the stack's network at eth1."""
    script = f'''. {DIND}/firewall.sh; iptables() {{ echo "$*"; }}; way_out() {{ echo "eth0 10.9.0.1"; }}; inside_links() {{ echo eth1; }}
                 first_address_of() {{ echo 10.8.0.1; }}; set_firewall 172.30 "$1" "$2"'''
    status, words = shell(script, port, opened, **environment)
    assert status == 0, words
    return [line.removeprefix("-w -A ") for line in words.splitlines()]


def k02_an_open_port_is_for_what_comes_from_outside_and_there_is_no_api_without_a_port(folder):
    with_api = rules_of("2376")
    assert "DIND-INPUT -i eth1 -p tcp --dport 2376 -j RETURN" in with_api
    assert not [line for line in with_api if "--dport 8000" in line]
    without = rules_of("", "8000 9000")
    assert not [line for line in without if "-i eth1 -p tcp" in line]
    dropped = without.index("DIND-INPUT -i eth+ -j DROP")
    for port in (8000, 9000):
        assert without.index(f"DIND-INPUT -i eth+ -p tcp --dport {port} -j RETURN") < dropped


def k02_the_firewall_is_not_set_where_it_would_close_the_machine_or_guard_nothing(folder):
    def problem(link, machine=False):
        script = f'. {DIND}/firewall.sh; MACHINE_ONLY=$1 LINK=$2; way_out() {{ [ -z "$LINK" ] || echo "$LINK 10.9.0.1"; }}; network_problem'
        return shell(script, folder if machine else folder / "nothing", link)
    for link in ("eth0", "eth1", "eth12", ""):  # empty: no way out
        assert problem(link) == (1, ""), problem(link)
        status, words = problem(link, machine=True)
        assert status == 0 and "the machine's own network" in words and "hostNetwork: true" in words, words
    for link in ("ens5", "enp0s3", "tap0", "net1", "wlan0"):
        status, words = problem(link)
        assert status == 0 and f"the interface {link}," in words and "a bridge" in words, words
    # What the entrypoint stops at comes before the first rule.
    entrypoint = (DIND / "entrypoint.sh").read_text()
    assert -1 < entrypoint.index("network_problem") < entrypoint.index("choose_iptables") < entrypoint.index("set_firewall")


def s08_no_sandbox_and_no_download_of_the_engines_reaches_an_address_that_the_operator_calls_the_hosts(folder):
    named = ("203.0.113.50", "198.51.100.0/28", "192.0.2.7")
    rules = rules_of("2376", DIND_HOST_ADDRESSES="203.0.113.50,198.51.100.0/28, 192.0.2.7", DIND_ALLOW_PRIVATE="10.1.2.3")
    for address in (*named, "10.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"):
        refused = f"DOCKER-USER -o eth+ -d {address} -j REJECT"
        assert refused in rules and rules.index(refused) < rules.index("DOCKER-USER -j RETURN"), address
        assert f"DIND-OUTPUT -d {address} -j REJECT" in rules, address
    without = rules_of("2376")
    assert not [line for line in without if any(each in line for each in named)]
    assert "DOCKER-USER -o eth+ -d 168.63.129.16/32 -j REJECT" in without
    # What the engine may reach is closed for sandboxes all the same.
    assert rules.index("DIND-OUTPUT -d 10.1.2.3 -j RETURN") < rules.index("DIND-OUTPUT -d 10.0.0.0/8 -j REJECT")
    assert not [line for line in rules if line.startswith("DOCKER-USER") and "10.1.2.3" in line]


def s08_addresses_are_addresses(folder):
    def addresses(text):
        return shell(f'. {DIND}/firewall.sh; addresses_of "$1"', text)
    assert addresses("") == (0, "\n")
    assert addresses("203.0.113.50") == (0, "203.0.113.50\n")
    assert addresses(" 10.1.2.3,10.2.0.0/16 , 255.255.255.255/32") == (0, "10.1.2.3 10.2.0.0/16 255.255.255.255/32\n")
    for wrong in ("registry.example", "2001:db8::1", "10.1.2", "10.1.2.256", "10.1.2.3/33", "10.1.2.3/", "10.1.2.3:5000", "10.1.2.3 -j ACCEPT", "*", "10.1.2.3;reboot"):
        assert addresses(wrong)[0] == 1, wrong
        for name in ("DIND_HOST_ADDRESSES", "DIND_ALLOW_PRIVATE"):
            # As the entrypoint has it, up to its first step that needs an engine's container.
            checks = [line for line in (DIND / "entrypoint.sh").read_text().splitlines() if line.startswith(f'addresses_of "${{{name}:-}}"')]
            status, words = shell(f'. {DIND}/firewall.sh; die() {{ echo "$*"; exit 1; }}\n' + checks[0], **{name: wrong})
            assert status == 1 and words.startswith(f"{name} is '{wrong}': it must be IPv4 addresses"), words


def every_variable_of_the_engines_container_is_handed_to_it_and_explained(folder):
    alone = {"DIND_SOCKET", "DIND_OPEN_PORTS"}  # of an engine in a pod, which has no compose file
    words = (DIND / "entrypoint.sh").read_text()
    variables = set(re.findall(r"\bDIND_[A-Z_]+", words.split("set -eu")[0])) - alone
    assert "DIND_HOST_ADDRESSES" in variables and len(variables) > 6, variables
    compose, example = (ROOT / "docker-compose.dind.yml").read_text(), (ROOT / ".env.example").read_text()
    for name in sorted(variables):
        assert re.search(rf"^      {name}: \$\{{", compose, re.M), f"{name} does not reach the container: docker-compose.dind.yml"
        assert name == "DIND_ENGINE" or re.search(rf"^#?{name}=", example, re.M), f"{name} is not in .env.example"


def pem(number, end="\n"):
    return f"-----BEGIN CERTIFICATE-----\n{number}\n-----END CERTIFICATE-----{end}"


def k04_every_certificate_is_whole_in_the_bundle_and_what_is_none_is_said(folder):
    """Run as a user who is not root, as the backend and the editor are: to root every file is readable."""
    folder.chmod(0o755)
    user = 65534 if os.geteuid() == 0 else None
    shutil.copy(ROOT / "images/trust.sh", folder / "trust.sh")
    (folder / "usual.crt").write_text(pem("usual", end=""))
    certificates, out = folder / "certificates", folder / "out"
    out.mkdir()
    out.chmod(0o777)

    def bundle(**files):
        if certificates.exists():
            certificates.chmod(0o755)
            shutil.rmtree(certificates)
        certificates.mkdir()
        for name, text in files.items():
            path = certificates / f"{name}.crt"
            if text is None:
                path.mkdir()
            else:
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return certificates

    def trusted():
        (out / "bundle").unlink(missing_ok=True)
        status, words = shell('. "$1/trust.sh"; OPERATORS_FOLDER=$1/certificates USUAL_BUNDLE=$1/usual.crt; trust "$1/out/bundle"', folder, user=user)
        lines = (out / "bundle").read_text().splitlines() if (out / "bundle").exists() else []
        names = [lines[at + 1] for at, line in enumerate(lines) if line == "-----BEGIN CERTIFICATE-----"]
        assert all("BEGIN" not in line and "END" not in line or line.startswith("-----") and line.endswith("-----") and line.count("-----") == 2
                   for line in lines), lines
        return status, names, words.splitlines()

    bundle(a=pem("a", end=""), b=pem("b", end="\r\n"), c=pem("c", end="") + "\n" + pem("c2", end=""), d=pem("d"))
    assert trusted() == (0, ["usual", "a", "b", "c", "c2", "d"], []), trusted()
    # None at all: silently.
    bundle()
    assert trusted() == (1, [], [])
    shutil.rmtree(certificates)
    assert trusted() == (1, [], [])
    # What can't be used is named, each with one line, wherever it stands in the order; the others hold.
    bundle(a_empty="", b_der=b"0\x82\x03\x00", c=pem("c", end=""), d_closed=pem("d"), e_folder=None, f_key="-----BEGIN PRIVATE KEY-----\n", g=pem("g"),
           h_mark="\ufeff" + pem("h"))
    (certificates / "d_closed.crt").chmod(0o000)
    (certificates / "i_gone.crt").symlink_to("nowhere")
    status, names, words = trusted()
    assert (status, names) == (0, ["usual", "c", "g"]), (names, words)
    closed = f"can't be read by uid {user or os.getuid()}: make it readable with chmod a+r"
    said = [("a_empty", "is empty"), ("b_der", "holds no certificate in PEM"), ("d_closed", closed), ("e_folder", "is not a file"),
            ("f_key", "holds no certificate in PEM"), ("h_mark", "holds no certificate in PEM"), ("i_gone", "is not a file")]
    assert len(words) == len(said), words
    for line, (name, reason) in zip(words, said):
        assert line.startswith(f"dind: warning: {certificates}/{name}.crt {reason}") and "not trusted here" in line, line
    # Nothing but that, and a folder that can't be looked into.
    bundle(a_empty="")
    assert trusted()[:2] == (1, []), trusted()
    bundle(a=pem("a"))
    certificates.chmod(0o700 if user else 0o000)
    status, names, words = trusted()
    assert (status, names) == (1, []) and len(words) == 1 and "chmod a+rx" in words[0], words
    certificates.chmod(0o755)


def k16_every_name_of_the_workspace_leads_to_it(folder):
    def linked(workspace):
        script = f'. {DIND}/workspace_names.sh; say() {{ echo "$*"; }}; WORKSPACE_PLACES="$1/app/workspace $1/home/coder/workspace $1/workspaces"; link_workspace "$2"'
        return shell(script, folder, workspace)
    for name in ("workspaces", "data"):
        (folder / name).mkdir()
    (folder / "workspaces/file").write_text("here")
    for _ in range(2):  # a restart finds its links
        assert linked(folder / "workspaces") == (0, "")
        assert (folder / "app/workspace/file").read_text() == (folder / "home/coder/workspace/file").read_text() == "here"
    # Elsewhere, by DIND_WORKSPACE_PATH; what is not empty is left alone, and said.
    (folder / "data/file").write_text("data")
    status, words = linked(folder / "data")
    assert status == 0 and words == f"warning: {folder}/workspaces is not the workspace: something else is there\n", words
    assert (folder / "app/workspace/file").read_text() == "data" and (folder / "workspaces/file").read_text() == "here"
    (folder / "workspaces/file").unlink()
    assert linked(folder / "data") == (0, "") and (folder / "workspaces/file").read_text() == "data"


def k24_a_certificate_that_ends_soon_is_said_while_the_engine_runs(folder):
    def certificates(*arguments):
        return shell(f'chown() {{ :; }}; . {DIND}/certificates.sh', *arguments, CERTIFICATES=str(folder / "certs"))
    status, words = certificates()
    assert status == 0 and "a new certificate for dind\n" in words, words
    assert certificates("check") == (0, "")
    server = folder / "certs/server"
    shell(f'cd "$1"; openssl req -new -x509 -key key.pem -days 20 -subj /CN=dind -out cert.pem 2>/dev/null', server)
    status, words = certificates("check")
    assert status == 0 and words.startswith(f"dind: warning: the certificate {server}/cert.pem ends on ") and len(words.splitlines()) == 1, words
    assert "a new certificate for dind" in certificates()[1]
    assert certificates("check") == (0, "")


for check in (k01_only_what_the_mount_table_calls_read_only_is_mounted_again, k02_ports_are_numbers,
              k02_the_firewall_is_not_set_where_it_would_close_the_machine_or_guard_nothing,
              s08_no_sandbox_and_no_download_of_the_engines_reaches_an_address_that_the_operator_calls_the_hosts, s08_addresses_are_addresses,
              every_variable_of_the_engines_container_is_handed_to_it_and_explained,
              k04_every_certificate_is_whole_in_the_bundle_and_what_is_none_is_said,
              k02_an_open_port_is_for_what_comes_from_outside_and_there_is_no_api_without_a_port,
              k16_every_name_of_the_workspace_leads_to_it, k24_a_certificate_that_ends_soon_is_said_while_the_engine_runs):
    with tempfile.TemporaryDirectory() as scratch:
        check(pathlib.Path(scratch))
