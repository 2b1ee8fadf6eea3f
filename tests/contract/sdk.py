# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The official SDKs, pointed at an emulator: today's with either signature, and the old one that speaks version 1."""

from __future__ import annotations

import base64
import json
from typing import Any

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from darabonba.utils.xml import XML
from support.patience import until

REGION = "cn-hangzhou"
_LIVE = ("Pending", "Running", "Stopping")


class Sdk:
    """Today's official SDK. ``algorithm`` is None for ACS3-HMAC-SHA256 and ``v2`` for signature version 1."""

    def __init__(self, emulator: Any, algorithm: str | None = None, **config: Any) -> None:
        ready = emulator.ready
        values = {"access_key_id": ready["access_key_id"], "access_key_secret": ready["access_key_secret"], **config}
        self.client = Client(
            Config(
                endpoint=emulator.endpoint.removeprefix("http://"),
                protocol="http",
                region_id=REGION,
                signature_algorithm=algorithm,
                **values,
            )
        )

    def call(
        self,
        action: str,
        query: dict[str, Any] | None = None,
        *,
        xml: bool = False,
        method: str = "POST",
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call any operation with its parameters as they go onto the wire; ``xml`` asks for an XML answer."""
        params = Params(
            action=action,
            version="2014-05-26",
            protocol="HTTP",
            pathname="/",
            method=method,
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="string",
        )
        request = OpenApiRequest(
            query={"RegionId": REGION, **(query or {})},
            body=body,
            headers={"accept": "application/xml" if xml else "application/json"},
        )
        text = self.client.call_api(params, request, _runtime())["body"]
        if not xml:
            return json.loads(text)
        return XML.parse_xml(text, None)[f"{action}Response"]

    def instance_ids(self) -> list[str]:
        """Return the ids of all instances of the region."""
        reply = self.client.describe_instances(models.DescribeInstancesRequest(region_id=REGION, max_results=100))
        return [row.instance_id for row in reply.body.instances.instance]

    def run(self, script: str, instance_ids: list[str], **options: Any) -> str:
        """Call RunCommand with Base64 content; return the InvokeId."""
        return self.client.run_command(
            models.RunCommandRequest(
                region_id=REGION,
                type=options.pop("type", "RunShellScript"),
                instance_id=instance_ids,
                command_content=base64.b64encode(script.encode()).decode(),
                content_encoding="Base64",
                **options,
            )
        ).body.invoke_id

    def invocation(self, invoke_id: str) -> Any:
        """Return one row of DescribeInvocations."""
        rows = self.client.describe_invocations(
            models.DescribeInvocationsRequest(
                region_id=REGION,
                invoke_id=invoke_id,
                include_output=True,
                content_encoding="PlainText",
            )
        ).body.invocations.invocation
        assert len(rows) == 1
        return rows[0]

    def finished(self, invoke_id: str) -> Any:
        """Return the invocation once nothing of it is on its way any more."""
        return until(lambda: self.invocation(invoke_id), lambda row: row.invocation_status not in _LIVE)

    def results(self, invoke_id: str, **options: Any) -> dict[str, Any]:
        """Return the rows of DescribeInvocationResults by instance id, one page."""
        reply = self.client.describe_invocation_results(
            models.DescribeInvocationResultsRequest(
                region_id=REGION, invoke_id=invoke_id, max_results=50, content_encoding="PlainText", **options
            )
        )
        return {row.instance_id: row for row in reply.body.invocation.invocation_results.invocation_result}


class OldSdk:
    """The old core SDK, which signs with version 1 and lets a test write any parameter."""

    def __init__(self, emulator: Any) -> None:
        ready = emulator.ready
        self._endpoint = emulator.endpoint.removeprefix("http://")
        self.client = AcsClient(ready["access_key_id"], ready["access_key_secret"], REGION, auto_retry=False)

    def call(self, action: str, _format: str = "JSON", **params: Any) -> dict[str, Any]:
        """Call one operation by its name and wire parameters."""
        request = CommonRequest(version="2014-05-26", action_name=action)
        request.set_method("POST")
        for name, value in {"RegionId": REGION, **params}.items():
            request.add_query_param(name, value)
        return self.send(request, _format)

    def send(self, request: Any, _format: str = "JSON") -> dict[str, Any]:
        """Send a request object of the old SDK; the SDK reads errors out of JSON only, of XML it hands out the text."""
        if isinstance(request, CommonRequest):
            request.set_domain(self._endpoint)
        else:
            request.set_endpoint(self._endpoint)
        request.set_protocol_type("http")
        request.set_accept_format(_format)
        if _format == "JSON":
            return json.loads(self.client.do_action_with_exception(request))
        status, _unused, body = self.client.get_response(request)
        document = XML.parse_xml(body.decode(), None)
        if status >= 400:
            raise XmlRefusal(status, document["Error"])
        return next(iter(document.values()))


class XmlRefusal(Exception):
    """An error answer in XML."""

    def __init__(self, status: int, error: dict[str, str]) -> None:
        super().__init__(error["Code"])
        self._status = status
        self._error = error

    def get_error_code(self) -> str:
        return self._error["Code"]

    def get_error_msg(self) -> str:
        return self._error["Message"]

    def get_http_status(self) -> int:
        return self._status

    def get_request_id(self) -> str:
        return self._error["RequestId"]


def _runtime() -> Any:
    from alibabacloud_tea_util.models import RuntimeOptions

    return RuntimeOptions(read_timeout=60_000)
