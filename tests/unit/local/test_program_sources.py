import re

from varde.local.program_sources import sources


def test_versions_are_those_of_the_go_modules() -> None:
    versions = {source.name: source.version for source in sources()}
    assert versions == {"kubernetes": "v1.37.2", "etcd": "v3.7.3", "kwok": "v0.8.0"}


def test_kubernetes_is_linked_with_its_own_version() -> None:
    kubernetes = sources()[0]
    assert "gitVersion=v1.37.2" in kubernetes.ldflags
    assert "gitMajor=1 " in kubernetes.ldflags
    assert kubernetes.ldflags.endswith("gitMinor=37")


def test_a_folder_in_the_cache_is_named_by_version_and_content() -> None:
    keys = [source.key for source in sources()]
    assert all(re.fullmatch(r"[a-z]+-v[0-9.]+-[0-9a-f]{8}", key) for key in keys)
    assert len(set(keys)) == 3


def test_every_published_program_has_a_published_checksum() -> None:
    for source in sources():
        assert {prebuilt.program for prebuilt in source.prebuilt} == set(source.programs)
        for prebuilt in source.prebuilt:
            assert prebuilt.url.startswith("https://")
            assert source.version in prebuilt.checksum_url
