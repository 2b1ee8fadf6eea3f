# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeRegions and DescribeAccountAttributes."""

from __future__ import annotations

from ..call import Answer, Call, operation
from ..state import REGIONS

_RESOURCE_TYPES = ("instance", "disk", "reservedinstance", "scu")


@operation("DescribeRegions")
def describe_regions(call: Call) -> Answer:
    """List every region that the emulator knows, with names in Chinese or English."""
    if call.params.text("ResourceType", "instance") not in _RESOURCE_TYPES:
        raise call.error("InvalidResourceType.NotFound")
    language = "zh" if call.params.text("AcceptLanguage", "zh-CN").startswith("zh") else "en"
    return {
        "Regions": {
            "Region": [
                {
                    "RegionId": name,
                    "LocalName": region[language],
                    "RegionEndpoint": region["endpoint"],
                    "Status": "available",
                }
                for name, region in REGIONS.items()
            ]
        }
    }


@operation("DescribeAccountAttributes")
def describe_account_attributes(call: Call) -> Answer:
    """List the quotas of Cloud Assistant."""
    options = call.cloud.options
    values = {
        "max-axt-command-count": options.quota_commands,
        "max-axt-invocation-daily": options.quota_invocations,
        "max-cloud-assistant-activation-count": 10,
    }
    wanted = call.params.items("AttributeName") or list(values)
    return {
        "AccountAttributeItems": {
            "AccountAttributeItem": [
                {"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": str(values[name])}]}}
                for name in wanted
                if name in values
            ]
        }
    }
