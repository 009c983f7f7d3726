"""A fleet is the same for the same seed, and has the shape that was asked for."""

from hypothesis import given
from hypothesis import strategies as st
from loadtest.fleet import Shape, made


@given(st.integers(1, 60), st.floats(0, 1), st.integers(1, 5), st.integers(0, 2**32))
def test_a_seed_decides_all_and_the_shares_hold(apps: int, share: float, repositories: int, seed: int) -> None:
    shape = Shape(applications=apps, kustomize_share=share, repositories=repositories)
    fleet = made(shape, seed)
    assert fleet == made(shape, seed)
    assert sum(one.renderer == "kustomize" for one in fleet.applications) == round(apps * share)
    assert len({one.name for one in fleet.applications}) == apps
    assert len(fleet.repositories) == min(apps, repositories)
