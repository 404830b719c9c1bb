"""The Helm chart as Helm renders it, against Kubernetes' schemas and the code that it starts."""

import importlib.util
from typing import Any

import pytest

from cli.main import app
from core.settings import Settings
from tests.ops.helm import CHART, LIBRARY, WARNING, lint, render

kubernetes_validate = pytest.importorskip("kubernetes_validate")
pytestmark = pytest.mark.skipif(not LIBRARY.is_file(), reason="`make check-ops` fetches Helm")

_GPU = {
    "name": "gpu",
    "device": "cuda:0",
    "gpus": 1,
    "replicas": 2,
    "scaling": {"enabled": False},
    "resources": {"requests": {"cpu": "2", "memory": "6Gi"}, "limits": {"memory": "12Gi"}},
    "nodeSelector": {"nvidia.com/gpu.present": "true"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
}
_INGRESS = {"enabled": True, "host": "p.example.com", "className": "nginx", "tlsSecretName": "tls"}
_VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "on GPUs, with everything": {
        "workers": [_GPU],
        "trainer": {"device": "cuda:0", "gpus": 1, "nodeSelector": _GPU["nodeSelector"]},
        "web": {"ingress": _INGRESS},
        "scrape": {"enabled": True, "labels": {"release": "prometheus"}},
        "image": {"pullSecrets": [{"name": "registry"}]},
    },
    "with little": {
        "keda": {"enabled": False},
        "trainer": {"enabled": False},
        "models": {"existingClaim": "shared"},
    },
}
_OTHERS = {"keda.sh/v1alpha1", "monitoring.coreos.com/v1alpha1"}  # no schemas of Kubernetes' own


@pytest.fixture(scope="module", params=_VARIANTS)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return render(_VARIANTS[request.param])


def _pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [o["spec"]["template"]["spec"] for o in objects if o["kind"] in ("Deployment", "Job")]


def _of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] == kind]


def test_helm_finds_nothing_worth_a_warning() -> None:
    assert [found for found in lint(CHART) if found["Severity"] >= WARNING] == []


def test_every_object_is_as_kubernetes_wants_it(objects: list[dict[str, Any]]) -> None:
    for each in objects:
        if each["apiVersion"] not in _OTHERS:
            kubernetes_validate.validate(each, "1.30", strict=True)


def test_no_pod_is_root_or_writes_to_its_image(objects: list[dict[str, Any]]) -> None:
    for pod in _pods(objects):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


def test_each_container_runs_what_its_image_has_with_settings_that_there_are(
    objects: list[dict[str, Any]],
) -> None:
    known = {f"POINTSMAN_{field.upper()}" for field in Settings.model_fields}
    for pod in _pods(objects):
        (container,) = pod["containers"]
        assert {entry["name"] for entry in container["env"]} <= known
        program, *rest = container["command"]
        if program == "pointsman":
            assert rest[0] in {command.name for command in app.registered_commands}
            continue
        assert importlib.util.find_spec(rest[1]) is not None
        needs = "torch" if rest[1] in ("worker", "trainer") else "light"
        assert container["image"] == f"pointsman:{needs}"


def test_whatever_scales_or_protects_names_a_deployment_that_is_there(
    objects: list[dict[str, Any]],
) -> None:
    deployments = _of_kind(objects, "Deployment")
    names = {each["metadata"]["name"] for each in deployments}
    selectors = [each["spec"]["selector"] for each in deployments]
    for scaled in _of_kind(objects, "ScaledObject"):
        assert scaled["spec"]["scaleTargetRef"]["name"] in names
        (target,) = (d for d in deployments if d["metadata"]["name"] == scaled["metadata"]["name"])
        assert "replicas" not in target["spec"]  # two would quarrel over it
    for budget in _of_kind(objects, "PodDisruptionBudget"):
        assert budget["spec"]["selector"] in selectors


def test_a_gpu_worker_asks_for_its_gpu_and_its_node() -> None:
    found = _of_kind(render({"workers": [_GPU]}), "Deployment")
    (worker,) = (d for d in found if d["metadata"]["name"].endswith("worker-gpu"))
    pod = worker["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert (pod["nodeSelector"], pod["tolerations"]) == (_GPU["nodeSelector"], _GPU["tolerations"])
    assert worker["spec"]["replicas"] == 2
