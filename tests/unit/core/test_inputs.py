"""Which files count, what is refused, and that "untouched" means exactly "the same files"."""

import hashlib
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.core import inputs
from varde.core.inputs import Inputs, Limits
from varde.core.tree import Entry, Kind
from varde.errors import Terminal
from varde.model.application import (
    ApplicationSource,
    ApplicationSourceDirectory,
    ApplicationSourceHelm,
    ApplicationSourceKustomize,
    KustomizePatch,
)


class Link(str):
    """The target of a symbolic link."""

    __slots__ = ()


class Submodule(str):
    """The commit of a submodule."""

    __slots__ = ()


class Files:
    """A tree in memory, with ids as Git has them: of the content, for a folder of all below it."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.contents = {self._id(content): content.encode() for content in files.values()}

    def entry(self, path: str) -> Entry | None:
        if path in self.files:
            content = self.files[path]
            kinds = {Link: Kind.LINK, Submodule: Kind.SUBMODULE}
            return Entry(kinds.get(type(content), Kind.FILE), self._id(content))
        below = sorted((name, self._id(content)) for name, content in self.files.items() if self._is_in(name, path))
        if path and not below:
            return None
        return Entry(Kind.FOLDER, self._id(repr([(name[len(path) :], one) for name, one in below])))

    def children(self, path: str) -> tuple[tuple[str, Entry], ...]:
        start = len(path) + 1 if path else 0
        names = sorted({name[start:].partition("/")[0] for name in self.files if self._is_in(name, path)})
        return tuple((name, self.entry(posixpath.join(path, name))) for name in names)

    def size_bytes(self, file: str) -> int:
        return len(self.contents[file])

    def read(self, file: str) -> bytes:
        return self.contents[file]

    def _is_in(self, name: str, folder: str) -> bool:
        return not folder or name.startswith(f"{folder}/")

    def _id(self, content: str) -> str:
        return hashlib.sha1(f"{type(content).__name__} {content}".encode(), usedforsecurity=False).hexdigest()


def source(path: str = "app", **options: object) -> ApplicationSource:
    return ApplicationSource(repo_url="https://git.example/org/repository", path=path, **options)


def find(tree: dict[str, str], asked: ApplicationSource | None = None, **limits: int) -> Inputs:
    return inputs.find(Files(tree), asked or source(), Limits(**limits))


def paths(found: Inputs) -> list[str]:
    return [path for path, _ in found.files]


def refusal(tree: dict[str, str], asked: ApplicationSource | None = None, **limits: int) -> str:
    with pytest.raises(Terminal) as caught:
        find(tree, asked, **limits)
    return str(caught.value)


def kustomization(*lines: str) -> str:
    return "\n".join(lines)


def test_a_directory_source_reads_the_manifests_of_its_folder_alone():
    files = {"app/a.yaml": "1", "app/b.json": "2", "app/README.md": "3", "app/deep/c.yaml": "4", "other/d.yaml": "5"}
    found = find(files)
    assert found.source_type == "Directory"
    assert paths(found) == ["app/a.yaml", "app/b.json"]


def test_a_recursive_directory_source_reads_the_folders_below_it():
    files = {"app/a.yaml": "1", "app/deep/er/c.yml": "4", "app/deep/notes.txt": "5"}
    assert paths(find(files, source(directory=ApplicationSourceDirectory(recurse=True)))) == [
        "app/a.yaml",
        "app/deep/er/c.yml",
    ]


@pytest.mark.parametrize("path", ["", ".", "./", "app/.."])
def test_the_root_folder_has_several_spellings(path: str):
    assert paths(find({"a.yaml": "1"}, source(path))) == ["a.yaml"]


def test_a_digest_tells_files_apart_by_path_content_and_options():
    digests = {
        find({"app/a.yaml": "1"}).digest,
        find({"app/a.yaml": "2"}).digest,
        find({"app/b.yaml": "1"}).digest,
        find({"app/a.yaml": "1"}, source(directory=ApplicationSourceDirectory(include="*"))).digest,
        find({"app/kustomization.yaml": "1: 1"}).digest,
    }
    assert len(digests) == 5


def test_a_digest_does_not_depend_on_where_and_at_which_revision_the_files_were_found():
    elsewhere = ApplicationSource(repo_url="https://mirror.example/r", path="app", target_revision="v1", name="one")
    assert find({"app/a.yaml": "1"}, elsewhere).digest == find({"app/a.yaml": "1"}).digest


def test_a_missing_path_is_refused_and_the_nearest_folder_named():
    assert refusal({"apps/one/a.yaml": "1"}, source("apps/two/three")) == (
        "path apps/two/three is not there; the nearest folder is apps: correct the path, or commit it"
    )


def test_a_path_that_is_a_file_is_refused():
    assert "path app/a.yaml is a file" in refusal({"app/a.yaml": "1"}, source("app/a.yaml"))


@pytest.mark.parametrize("path", ["..", "../other", "/etc", "app/../../x"])
def test_a_path_out_of_the_repository_is_refused(path: str):
    assert "leads out of the repository" in refusal({"app/a.yaml": "1"}, source(path))


def test_a_path_with_a_zero_byte_is_refused():
    assert "is no path" in refusal({"app/a.yaml": "1"}, source("app\0"))


def test_a_path_through_a_symbolic_link_is_refused_by_its_name():
    files = {"real/a.yaml": "1", "app": Link("real")}
    assert "app is a symbolic link" in refusal(files, source("app/deep"))
    assert "path app is a symbolic link" in refusal(files)


def test_a_link_to_a_file_in_the_repository_has_that_files_content():
    files = {"app/a.yaml": Link("../base/a.yaml"), "base/a.yaml": "1"}
    tree = Files(files)
    found = inputs.find(tree, source(), Limits())
    assert [(file.path, file.content) for file in inputs.read(tree, found, Limits())] == [("app/a.yaml", b"1")]
    assert inputs.is_untouched(found, Files({**files, "base/b.yaml": "new"}))
    assert not inputs.is_untouched(found, Files({**files, "base/a.yaml": "2"}))


@pytest.mark.parametrize("target", ["../../secret", "/etc/passwd", "../../../../proc/self/environ"])
@pytest.mark.parametrize("name", ["app/a.yaml", "app/kustomization.yaml"])
def test_a_link_out_of_the_repository_is_refused(name: str, target: str):
    assert f"symbolic link {name}: {target} leads out of the repository" in refusal({name: Link(target)})


def test_links_in_a_circle_are_refused():
    files = {"app/a.yaml": Link("b.yaml"), "app/b.yaml": Link("a.yaml")}
    assert "leads over more than" in refusal(files)


def test_a_manifest_that_is_a_link_to_nowhere_is_refused_instead_of_pruned():
    assert "app/a.yaml leads nowhere" in refusal({"app/a.yaml": Link("gone.yaml"), "app/b.yaml": "1"})


def test_submodules_are_refused_where_they_would_count():
    files = {"app/a.yaml": "1", "app/library": Submodule("0" * 40)}
    assert paths(find(files)) == ["app/a.yaml"]
    assert "app/library is a submodule" in refusal(files, source(directory=ApplicationSourceDirectory(recurse=True)))


def test_what_is_not_built_is_refused_and_not_read_as_a_directory():
    assert "helm sources are not built yet" in refusal({"app/Chart.yaml": "1"})
    assert "helm sources are not built yet" in refusal({"app/a": "1"}, source(helm=ApplicationSourceHelm(values="a")))
    assert ".argocd-source.yaml changes options" in refusal({"app/.argocd-source.yaml": "1"})
    both = source(
        kustomize=ApplicationSourceKustomize(name_prefix="a"), directory=ApplicationSourceDirectory(recurse=True)
    )
    assert "kustomize and directory" in refusal({"app/a": "1"}, both)


def test_options_that_say_nothing_do_not_decide_the_type():
    files = {"app/kustomization.yaml": ""}
    silent = source(kustomize=ApplicationSourceKustomize(), directory=ApplicationSourceDirectory(recurse=False))
    assert find(files, silent).source_type == "Kustomize"
    chosen = source(directory=ApplicationSourceDirectory(recurse=True))
    assert find(files, chosen).source_type == "Directory"


def test_limits_are_said_with_their_way_out():
    many = {f"app/{number}.yaml": "1" for number in range(5)}
    assert "more than 4 files" in refusal(many, files=4)
    deep = {"app/" + "d/" * 6 + "a.yaml": "1"}
    assert "folders deep" in refusal(deep, source(directory=ApplicationSourceDirectory(recurse=True)), depth=5)
    tree = Files(many)
    with pytest.raises(Terminal, match=r"5 bytes together, and 4 are allowed; raise reposerver\.max\.combined"):
        inputs.read(tree, inputs.find(tree, source(), Limits()), Limits(directory_bytes=4))


OVERLAY = {
    "app/kustomization.yaml": kustomization(
        "resources: [../base, own.yaml]",
        "components: [../parts/debug]",
        "patches: [{path: patch.yaml}, {patch: 'a: 1'}]",
        "patchesStrategicMerge:",
        "- ../shared/merge.yaml",
        "- |",
        "  kind: Deployment",
        "configMapGenerator: [{name: c, files: [key=../shared/data.txt], envs: [app.env]}]",
        "replacements: [{path: ../shared/replacement.yaml}, {source: {kind: A}}]",
        "openapi: {path: ../shared/schema.json}",
    ),
    "app/own.yaml": "1",
    "app/patch.yaml": "2",
    "app/app.env": "A=1",
    "base/kustomization.yml": "resources: [deployment.yaml]",
    "base/deployment.yaml": "3",
    "parts/debug/Kustomization": "kind: Component",
    "shared/merge.yaml": "4",
    "shared/data.txt": "5",
    "shared/replacement.yaml": "6",
    "shared/schema.json": "7",
    "shared/unrelated.yaml": "8",
    "other/kustomization.yaml": "resources: []",
}


def test_a_kustomization_reads_its_folder_its_bases_and_the_files_it_names():
    found = find(OVERLAY)
    assert found.source_type == "Kustomize"
    assert paths(found) == sorted(OVERLAY.keys() - {"shared/unrelated.yaml", "other/kustomization.yaml"})


@pytest.mark.parametrize("path", sorted(OVERLAY))
def test_a_change_touches_a_kustomization_exactly_if_it_reads_the_file(path: str):
    found = find(OVERLAY)
    changed = Files({**OVERLAY, path: OVERLAY[path] + "\n# changed"})
    assert inputs.is_untouched(found, changed) == (path not in paths(found))


@pytest.mark.parametrize(
    "remote",
    [
        "https://git.example/org/repository//base?ref=v1",
        "http://git.example/x.yaml",
        "git@git.example:org/repository",
        "ssh://git@git.example/x",
        "github.com/org/repository//base",
        "GitHub.com/org/repository",
        "git::https://git.example/x",
        "gh:org/repository",
        "org@git.example/x.git",
        "file:///etc",
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        "resources: ['{}']",
        "bases: ['{}']",
        "components: ['{}']",
        "patches: [{{path: '{}'}}]",
        "generators: ['{}']",
        "configMapGenerator: [{{name: a, files: ['key={}']}}]",
        "openapi: {{path: '{}'}}",
        "crds: ['{}']",
    ],
)
def test_a_remote_is_refused_wherever_it_stands(field: str, remote: str):
    refused = refusal({"app/kustomization.yaml": field.format(remote)})
    assert refused.startswith("app/kustomization.yaml: ")
    assert "which is remote; copy it into the repository" in refused


def test_a_remote_in_a_plugins_configuration_is_refused():
    plugin = kustomization("kind: PatchTransformer", "path: https://git.example/patch.yaml")
    files = {"app/kustomization.yaml": "transformers: [plugin.yaml]", "app/plugin.yaml": plugin}
    assert refusal(files).startswith("app/plugin.yaml names https://git.example/patch.yaml, which is remote")


def test_field_paths_in_a_plugins_configuration_are_no_files():
    plugin = kustomization("kind: LabelTransformer", "fieldSpecs: [{path: metadata/labels}]")
    assert paths(find({"app/kustomization.yaml": "transformers: [plugin.yaml]", "app/plugin.yaml": plugin}))


def test_a_refused_remote_does_not_tell_its_password():
    refused = refusal({"app/kustomization.yaml": "resources: ['https://user:hunter2@git.example/x']"})
    assert "hunter2" not in refused


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("resources: [gone.yaml]", "app/kustomization.yaml: resources: path app/gone.yaml is not there"),
        ("resources: [../../x]", "leads out of the repository"),
        ("resources: [/etc/passwd]", "leads out of the repository"),
        ("resources: [../plain]", "plain must hold one kustomization.yaml to be built, and holds none"),
        ("patches: [{path: ../plain}]", "plain is a folder, where a file must be"),
        ("components: [own.yaml]", "app/own.yaml is a file, where a folder must be"),
        ("resources: own.yaml", "resources must be a list of texts"),
        ("patches: [a]", "patches must be a list of maps"),
        ("- a", "holds no map"),
        ("a: [", "is no YAML"),
        ("a: 1\n---\nb: 1", "holds 2 YAML documents"),
        ("helmCharts: [{name: a}]", "helmCharts is not built yet"),
        ("resources: [.]", "name one another in a circle"),
        ("resources: [../circle]", "name one another in a circle: app → circle → app"),
    ],
)
def test_a_kustomization_that_cannot_be_followed_is_refused_with_file_and_reason(lines: str, reason: str):
    files = {
        "app/kustomization.yaml": lines,
        "app/own.yaml": "1",
        "plain/a.yaml": "1",
        "circle/kustomization.yaml": "resources: [../app]",
    }
    assert reason in refusal(files)


@pytest.mark.parametrize(
    "bomb",
    ["[" * 100_000, "a: &a [1]\nb: [" + "*a," * 100 + "]", "# " + "x" * 1_000_001],
    ids=["nesting", "aliases", "size"],
)
def test_a_yaml_bomb_is_refused_before_it_is_built(bomb: str):
    assert "app/kustomization.yaml" in refusal({"app/kustomization.yaml": bomb})


def test_two_kustomizations_may_share_a_base():
    files = {
        "app/kustomization.yaml": "resources: [../left, ../right]",
        "left/kustomization.yaml": "resources: [../base]",
        "right/kustomization.yaml": "resources: [../base]",
        "base/kustomization.yaml": "",
    }
    assert paths(find(files)) == sorted(files)


def test_components_and_patches_of_the_application_count():
    files = {"app/kustomization.yaml": "", "parts/kustomization.yaml": "", "patch.yaml": "1"}
    options = ApplicationSourceKustomize(components=("../parts",), patches=(KustomizePatch(path="../patch.yaml"),))
    assert paths(find(files, source(kustomize=options))) == sorted(files)


def test_a_missing_component_may_be_left_out_and_counts_once_it_is_there():
    files = {"app/kustomization.yaml": ""}
    missing = ApplicationSourceKustomize(components=("../parts",))
    assert "spec.source.kustomize: components: path parts is not there" in refusal(files, source(kustomize=missing))
    tolerant = ApplicationSourceKustomize(components=("../parts",), ignore_missing_components=True)
    found = find(files, source(kustomize=tolerant))
    assert not inputs.is_untouched(found, Files({**files, "parts/kustomization.yaml": ""}))


NAMES = st.sampled_from(["a.yaml", "b.yaml", "c.json", "README.md"])
FOLDERS = st.sampled_from(["app", "app/deep", "base", "base/deep", "other"])
PATHS = st.builds(posixpath.join, FOLDERS, NAMES)
TREES = st.dictionaries(PATHS, st.sampled_from(["1", "2", "3"]), max_size=8)
KUSTOMIZATIONS = st.lists(st.sampled_from(["../base", "a.yaml", "../other/b.yaml"]), unique=True, max_size=3).map(
    lambda resources: f"resources: {resources}"
)


@st.composite
def commits(draw: st.DrawFn) -> dict[str, str]:
    """Files of one commit; in half of them the source is a kustomization whose references exist."""
    files = {**draw(TREES), "app/keep.yaml": "0", "base/keep.yaml": "0"}
    if draw(st.booleans()):
        files |= {"app/kustomization.yaml": draw(KUSTOMIZATIONS), "base/kustomization.yaml": "resources: [keep.yaml]"}
        files |= {"app/a.yaml": draw(st.sampled_from("12")), "other/b.yaml": draw(st.sampled_from("12"))}
    return files


@given(before=commits(), after=commits(), recurse=st.booleans())
def test_untouched_means_the_same_files_and_the_same_files_the_same_digest(
    before: dict[str, str], after: dict[str, str], *, recurse: bool
):
    asked = source(directory=ApplicationSourceDirectory(recurse=True)) if recurse else source()
    old, new = find(before, asked), find(after, asked)
    if inputs.is_untouched(old, Files(after)):
        assert old == new
    same = (old.source_type, old.files) == (new.source_type, new.files)
    assert (old.digest == new.digest) == same
