import pytest

from varde.errors import Terminal
from varde.model.application import ApplicationSource, ApplicationSourceDirectory
from varde.model.inputs import File
from varde.worker.render.directory import Directory, selected

CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def config(path: str) -> File:
    return File(path=path, content=CONFIG % path.replace("/", ".").encode())


def source(path: str = "app", **options: object) -> ApplicationSource:
    return ApplicationSource(repo_url="r", path=path, directory=ApplicationSourceDirectory(**options))


PATHS = (
    "app/b.yaml",
    "app/a.yml",
    "app/c.json",
    "app/d.txt",
    "app/sub/e.yaml",
    "app/sub.yaml",
    "apple/f.yaml",
    "g.yaml",
)
CHOICES = [
    ({}, ["a.yml", "b.yaml", "c.json", "sub.yaml"]),
    ({"recurse": True}, ["a.yml", "b.yaml", "c.json", "sub/e.yaml", "sub.yaml"]),
    ({"include": "*.yml"}, ["a.yml"]),
    ({"include": "{*.yml,*.json}"}, ["a.yml", "c.json"]),
    ({"include": "{*.yml}"}, ["a.yml"]),
    ({"recurse": True, "exclude": "*.yaml"}, ["a.yml", "c.json"]),
    ({"recurse": True, "exclude": "{c.json,sub/*}"}, ["a.yml", "b.yaml", "sub.yaml"]),
    ({"include": "[ab].*", "exclude": "a.*"}, ["b.yaml"]),
    ({"include": "[!ab].*"}, ["c.json"]),
    ({"include": "?.yaml"}, ["b.yaml"]),
    ({"include": "nothing"}, []),
]


@pytest.mark.parametrize(("options", "expected"), CHOICES)
def test_files_are_chosen_as_argo_cd_does_and_ordered_by_path(options: dict[str, object], expected: list[str]):
    chosen = selected(source(**options), tuple(config(path) for path in PATHS))
    assert [file.path.removeprefix("app/") for file in chosen] == expected


@pytest.mark.parametrize("path", ["app", "./app", "app/", "app/../app"])
def test_the_path_may_be_written_in_any_way(path: str):
    assert [file.path for file in selected(source(path), (config("app/a.yaml"), config("b.yaml")))] == ["app/a.yaml"]


@pytest.mark.parametrize("path", ["", ".", "./"])
def test_the_root_is_a_folder_too(path: str):
    assert [file.path for file in selected(source(path), (config("app/a.yaml"), config("b.yaml")))] == ["b.yaml"]


async def test_objects_come_in_order_of_their_files():
    found = await Directory().render(source(), (config("app/b.yaml"), config("app/a.yaml")))
    assert [one.manifest["metadata"]["name"] for one in found] == ["app.a.yaml", "app.b.yaml"]


async def test_large_folders_are_read_as_small_ones_are():
    many = tuple(config(f"app/{number:04}.yaml") for number in range(2000))
    assert len(await Directory().render(source(), many)) == 2000


async def test_a_marked_file_is_left_out():
    marked = File(path="app/a.yaml", content=b"# +argocd:skip-file-rendering\n{{ no yaml\n")
    assert await Directory().render(source(), (marked,)) == ()


async def test_yaml_that_is_no_object_at_all_is_left_out():
    values = File(path="app/values.yaml", content=b"replicas: 3\nkind: big\n")
    assert await Directory().render(source(), (values,)) == ()


async def test_yaml_that_should_be_an_object_is_refused():
    almost = File(path="app/a.yaml", content=b"# apiVersion:\nkind: ConfigMap\nmetadata: {name: a}\n")
    with pytest.raises(Terminal, match=r"app/a\.yaml, line 2: apiVersion is missing"):
        await Directory().render(source(), (almost,))


async def test_a_file_that_is_no_yaml_is_refused_with_its_name():
    with pytest.raises(Terminal, match=r"^app/a\.yaml, line 1, column 1"):
        await Directory().render(source(), (File(path="app/a.yaml", content=b"\t{{ no yaml"),))


async def test_files_that_are_too_large_together_are_refused():
    with pytest.raises(Terminal, match=r"app: its manifests have \d+ bytes together, and 100 may be"):
        await Directory(limit_bytes=100).render(source(), (config("app/a.yaml"), config("app/b.yaml")))


def test_jsonnet_is_refused_and_may_be_left_out():
    files = (File(path="app/a.jsonnet", content=b"{}"),)
    with pytest.raises(Terminal, match=r"app/a\.jsonnet: Jsonnet is not rendered yet"):
        selected(source(), files)
    assert selected(source(exclude="*.jsonnet"), files) == ()


def test_a_glob_that_stands_for_too_many_is_refused():
    with pytest.raises(Terminal, match="stands for too many"):
        selected(source(include="{a,b}" * 12), (config("app/a.yaml"),))
