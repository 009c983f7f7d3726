import pytest

from varde.errors import Terminal
from varde.worker.render.manifests import manifests, parsed

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def objects(text: str, file: str = "app/a.yaml") -> list[dict]:
    return [one.manifest for one in manifests(parsed(text.encode(), file=file), file=file)]


def test_empty_documents_are_dropped():
    assert len(objects(f"---\n# nothing\n---\n{CONFIG}---\n---\n{CONFIG}---\n")) == 2


def test_lists_are_taken_apart_at_any_depth():
    item = "{apiVersion: v1, kind: Service, metadata: {name: b}}"
    text = f"apiVersion: v1\nkind: List\nitems:\n- {item}\n- {{apiVersion: v1, kind: ServiceList, items: [{item}]}}\n"
    assert [found["kind"] for found in objects(text)] == ["Service", "Service"]


def test_an_empty_list_holds_nothing():
    assert objects("apiVersion: v1\nkind: ConfigMapList\nitems:\n") == []


def test_a_kind_that_ends_in_list_without_items_is_an_object():
    assert len(objects("apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {items: []}\n")) == 1


def test_json_is_read_as_json():
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "\\ud83d\\ude00 y"}}'
    assert objects(text, "a.json")[0]["data"] == {"x": "😀 y"}


REFUSED = {
    "just text\n": "line 1: a text, and an object is a mapping",
    f"{CONFIG}---\n- 1\n": "line 5: a list, and an object is a mapping",
    "kind: ConfigMap\nmetadata: {name: a}\n": "line 1: apiVersion is missing or no text",
    "apiVersion: v1\nmetadata: {name: a}\n": "line 1: kind is missing or no text",
    "apiVersion: 1\nkind: A\nmetadata: {name: a}\n": "line 1: apiVersion is missing or no text",
    "apiVersion: v1\nkind: ConfigMap\n": "line 1: this ConfigMap has no metadata; give it metadata.name",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n": "line 1: ConfigMap has no metadata.name; name it",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 8080}\n": "metadata.name is a number, .* put it in quotes",
    "apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: no}\n": "metadata.namespace is true or false",
    "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: {v: 1.0}}\n": "A: metadata.labels v is a number",
    "apiVersion: v1\nkind: A\nmetadata: {name: a, annotations: [x]}\n": "metadata.annotations is a list",
    "apiVersion: v1\nkind: List\nitems: [{kind: A}]\n": "line 1, item 1 of the List: apiVersion is missing",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_object_is_refused_with_line_and_field(text: str):
    with pytest.raises(Terminal, match=r"^app/a\.yaml, .*" + REFUSED[text]):
        objects(text)


def test_a_message_never_holds_the_value():
    with pytest.raises(Terminal) as refused:
        objects("apiVersion: v1\nkind: Secret\nmetadata: {name: a, annotations: {pin: 4711}}\n")
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("metadata", ["{generateName: a-}", "{name: a, labels: }", "{name: a, annotations: {x: }}"])
def test_what_the_api_takes_is_taken(metadata: str):
    assert objects(f"apiVersion: v1\nkind: Job\nmetadata: {metadata}\n")


BROKEN_JSON = {
    '{"a":\n1,\n"b" 2}': "line 3: JSON is malformed",
    "": "line 1: Input data was truncated",
    "[" * 100_000: "too deep; make it flatter",
    "[" * 200 + "]" * 200: "more than 100 levels deep",
    '{"a": 99999999999999999999}': "a number is beyond 64 bits",
    '{"a": "\\ud83d"}': "line 1: ",
}


@pytest.mark.parametrize("text", BROKEN_JSON, ids=lambda text: text[:20])
def test_broken_json_is_refused(text: str):
    with pytest.raises(Terminal, match=r"^a\.json.*" + BROKEN_JSON[text]):
        objects(text, "a.json")


def test_an_object_knows_where_it_stands():
    item = "{apiVersion: v1, kind: Service, metadata: {name: b}}"
    text = f"# first\n{CONFIG}---\napiVersion: v1\nkind: List\nitems: [{item}]\n"
    found = manifests(parsed(text.encode(), file="app/a.yaml"), file="app/a.yaml")
    assert [one.origin for one in found] == ["app/a.yaml, line 2", "app/a.yaml, line 6, item 1 of the List"]
