"""Where a process finds its own cgroup, from texts as hosts and containers show them."""

import pytest

from varde.telemetry.cost.groups import Group, Hidden, cpu_group, unified_group

V2_HOST = (
    "0::/user.slice/user-1000.slice/session-3.scope\n",
    (
        "24 30 0:22 / /proc rw,nosuid shared:13 - proc proc rw\n"
        "35 29 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
    ),
)
V2_CONTAINER = (
    "0::/\n",
    "1741 1740 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n",
)
V2_CONTAINER_WITHOUT_NAMESPACE = (
    "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-2.scope\n",
    "1741 1740 0:29 /kubepods.slice/kubepods-pod1.slice/cri-containerd-2.scope /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
)
V1_HOST = (
    "5:cpu,cpuacct:/system.slice/varde.service\n4:memory:/system.slice/varde.service\n1:name=systemd:/other\n",
    (
        "33 25 0:28 / /sys/fs/cgroup/memory rw,relatime shared:12 - cgroup cgroup rw,memory\n"
        "34 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:13 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
    ),
)
V1_CONTAINER = (
    "4:cpu,cpuacct:/kubepods/burstable/pod1/c0ffee\n",
    "700 690 0:29 /kubepods/burstable/pod1/c0ffee /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
)
V1_NESTED = (
    "4:cpu:/docker/d1/kubelet/pod1\n",
    "700 690 0:29 /docker/d1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
)
HYBRID = (
    "5:cpu:/varde\n2:cpuacct:/\n1:name=systemd:/\n0::/init.scope\n",
    (
        "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
        "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    ),
)
HYBRID_CPU_IN_V2 = ("1:name=systemd:/\n0::/varde\n", HYBRID[1])


@pytest.mark.parametrize(
    ("texts", "version", "folder"),
    [
        (V2_HOST, 2, "/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope"),
        (V2_CONTAINER, 2, "/sys/fs/cgroup"),
        (V2_CONTAINER_WITHOUT_NAMESPACE, 2, "/sys/fs/cgroup"),
        (V1_HOST, 1, "/sys/fs/cgroup/cpu,cpuacct/system.slice/varde.service"),
        (V1_CONTAINER, 1, "/sys/fs/cgroup/cpu,cpuacct"),
        (V1_NESTED, 1, "/sys/fs/cgroup/cpu/kubelet/pod1"),
        (HYBRID, 1, "/sys/fs/cgroup/cpu/varde"),
        (HYBRID_CPU_IN_V2, 2, "/sys/fs/cgroup/unified/varde"),
    ],
)
def test_the_group_with_the_quota_is_found(texts: tuple[str, str], version: int, folder: str):
    found = cpu_group(*texts)
    assert (found.version, found.folder) == (version, folder)


def test_in_a_hybrid_the_unified_group_is_found_beside():
    expected = Group(version=2, folder="/sys/fs/cgroup/unified/init.scope", mount="/sys/fs/cgroup/unified")
    assert unified_group(*HYBRID) == expected


def test_a_mount_point_with_a_space_is_unescaped():
    assert cpu_group("0::/a\n", "1 2 0:3 / /my\\040groups rw - cgroup2 none rw\n").folder == "/my groups/a"


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("0::/../../system.slice\n", V2_CONTAINER[1]), "outside what is mounted here"),
        (("4:cpu:/docker/d2\n", V1_NESTED[1]), "outside what is mounted here"),
        (("4:cpu:/docker/d10\n", V1_NESTED[1]), "outside what is mounted here"),
        (("0::/\n", V2_HOST[1].splitlines()[0]), "no cgroup file system"),
        (("2:memory:/\n", V1_HOST[1]), "in no cgroup with a cpu controller"),
    ],
)
def test_what_cannot_be_seen_is_said(texts: tuple[str, str], why: str):
    with pytest.raises(Hidden, match=why):
        cpu_group(*texts)
