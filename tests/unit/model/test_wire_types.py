"""Every field of the wire types: written under its own name, read back as it was, absent where it was absent."""

import msgspec
import pytest
from msgspec.structs import FieldInfo

from varde.errors import Terminal
from varde.model.application import Application, ApplicationSource, SyncPolicy, SyncPolicyAutomated
from varde.model.applicationset import ApplicationSet
from varde.model.meta import decode
from varde.model.project import AppProject
from varde.model.schema import descriptions
from wire_instances import full, least, structs_in

KINDS = (Application, AppProject, ApplicationSet)
STRUCTS = tuple(dict.fromkeys(struct for kind in KINDS for struct in structs_in(kind)))
FIELDS = [(struct, field) for struct in STRUCTS for field in msgspec.structs.fields(struct)]


def through_json(value: msgspec.Struct) -> msgspec.Struct:
    return msgspec.json.decode(msgspec.json.encode(value), type=type(value))


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_with_every_field_set_comes_back_as_it_was(kind: type[msgspec.Struct]):
    everything = full(kind)
    assert through_json(everything) == everything
    assert decode(msgspec.to_builtins(everything), kind) == everything


@pytest.mark.parametrize(("struct", "field"), FIELDS, ids=lambda part: getattr(part, "__name__", None) or part.name)
def test_each_field_comes_back_and_all_others_stay_absent(struct: type[msgspec.Struct], field: FieldInfo):
    bare = least(struct)
    one = msgspec.structs.replace(bare, **{field.name: full(field.type)})
    written = msgspec.to_builtins(one)
    assert set(written) == set(msgspec.to_builtins(bare)) | {field.encode_name}
    assert through_json(one) == one
    assert through_json(bare) == bare


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_names_on_the_wire_are_camel_case_without_underscores(struct: type[msgspec.Struct]):
    for field in msgspec.structs.fields(struct):
        assert "_" not in field.encode_name
        assert not field.encode_name.endswith(("Url", "Urls", "Sha"))


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_of_a_persons_has_a_description(struct: type[msgspec.Struct]):
    own = {"metadata"} if struct in KINDS else set()
    if struct.__name__ not in ("ObjectMeta", "OwnerReference"):
        assert set(struct.__struct_fields__) - own == set(descriptions(struct))


def test_absent_is_told_apart_from_empty():
    assert SyncPolicy().automated is msgspec.UNSET
    assert msgspec.json.decode(b'{"automated":{}}', type=SyncPolicy).automated == SyncPolicyAutomated()
    assert msgspec.json.encode(ApplicationSource(repo_url="r", path="")) == b'{"repoURL":"r","path":""}'


def test_sources_win_over_source():
    one, other = ApplicationSource(repo_url="one"), ApplicationSource(repo_url="other")
    spec = full(Application).spec
    assert msgspec.structs.replace(spec, source=one, sources=(other,)).all_sources == (other,)
    assert msgspec.structs.replace(spec, source=one, sources=()).all_sources == (one,)
    assert msgspec.structs.replace(spec, source=msgspec.UNSET, sources=msgspec.UNSET).all_sources == ()


def test_an_object_that_does_not_fit_is_named_with_the_path_of_the_field():
    manifest = msgspec.to_builtins(full(Application))
    manifest["spec"]["syncPolicy"]["automated"]["prune"] = "yes"
    with pytest.raises(Terminal, match=r"Application default/full: .*spec\.syncPolicy\.automated\.prune") as caught:
        decode(manifest, Application)
    assert caught.value.reason == "InvalidSpecError"
