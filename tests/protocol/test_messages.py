"""The compiled messages are those of ``proto/``, and live in a pool of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from pd_capflow.protocol.messages import CAPITAL_FLOW, METHODS, NOTIFY, PUSH_IDS
from pd_capflow.security import MARKETS

ROOT = Path(__file__).parents[2]


def test_the_descriptor_set_is_what_proto_compiles_to(tmp_path):
    fresh = tmp_path / "descriptors.binpb"
    protos = sorted(path.name for path in (ROOT / "proto").glob("*.proto"))
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        "--proto_path=proto",
        f"--descriptor_set_out={fresh}",
    ]
    subprocess.run([*command, *protos], cwd=ROOT, check=True)

    committed = ROOT / "pd_capflow" / "protocol" / "descriptors.binpb"
    assert _files(fresh) == _files(committed)


def _files(path):
    return {file.name: file.SerializeToString(deterministic=True) for file in _parsed(path).file}


def _parsed(path):
    return FileDescriptorSet.FromString(path.read_bytes())


def test_the_default_pool_is_left_to_the_vendors_sdk():
    assert CAPITAL_FLOW.request.DESCRIPTOR.file.pool is not descriptor_pool.Default()


def test_every_method_is_found_by_its_number_and_named_like_its_messages():
    for number, method in METHODS.items():
        assert method.proto_id == number
        assert method.response.DESCRIPTOR.full_name == f"{method.name}.Response"


def test_pushes_have_no_request_and_are_known_as_pushes():
    assert NOTIFY.is_push
    assert {method.proto_id for method in METHODS.values() if method.is_push} <= PUSH_IDS


def test_the_market_numbers_are_those_of_the_schema():
    enum = CAPITAL_FLOW.request.DESCRIPTOR.file.pool.FindEnumTypeByName("Qot_Common.QotMarket")
    assert {market.number for market in MARKETS.values()} == set(enum.values_by_number) - {0}
