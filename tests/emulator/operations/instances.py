# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances and DescribeInstanceStatus."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from ..call import Answer, Call, operation
from ..clock import iso
from ..fleet import Instance
from ..paging import Pager
from ..targets import matches
from ..validation import check_tags, json_array

# what the emulator does not model: every instance has the same
_SAME: dict[str, Any] = {
    "Description": "",
    "Cpu": 2,
    "Memory": 8192,
    "GPUAmount": 0,
    "GPUSpec": "",
    "ExpiredTime": "2099-12-31T15:59Z",
    "AutoReleaseTime": "",
    "SaleCycle": "",
    "IoOptimized": True,
    "DeviceAvailable": True,
    "KeyPairName": "",
    "CreditSpecification": "",
    "SpotStrategy": "NoSpot",
    "SpotPriceLimit": 0.0,
    "SpotDuration": 0,
    "SpotInterruptionBehavior": "",
    "Recyclable": False,
    "ClusterId": "",
    "HpcClusterId": "",
    "DeploymentSetId": "",
    "DeploymentSetGroupNo": 0,
    "VlanId": "",
    "ISP": "",
    "LocalStorageAmount": 0,
    "LocalStorageCapacity": 0,
    "EnableNVS": False,
    "RdmaIpAddress": {"IpAddress": []},
    "OperationLocks": {"LockReason": []},
    "CpuOptions": {
        "CoreCount": 1,
        "ThreadsPerCore": 2,
        "Numa": "",
        "TopologyType": "",
        "TurboMode": "",
        "NestedVirtualization": "disabled",
        "EnableVISST": False,
        "EnableVRDT": False,
    },
    "ClockOptions": {"PtpStatus": "disabled"},
    "SecurityOptions": {"EnableSecureBoot": False},
    "AdditionalInfo": {"EnableHighDensityMode": False, "ManagedHostId": "", "NodeSerialNumber": ""},
    "PrivateDnsNameOptions": {
        "HostnameType": "Custom",
        "EnableInstanceIdDnsARecord": False,
        "EnableInstanceIdDnsAAAARecord": False,
        "EnableIpDnsARecord": False,
        "EnableIpDnsPtrRecord": False,
    },
    "MetadataOptions": {
        "HttpEndpoint": "enabled",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 0,
        "InstanceMetadataTags": "",
    },
    "DedicatedHostAttribute": {"DedicatedHostId": "", "DedicatedHostName": "", "DedicatedHostClusterId": ""},
    "DedicatedInstanceAttribute": {"Affinity": "", "Tenancy": ""},
    "EcsCapacityReservationAttr": {"CapacityReservationId": "", "CapacityReservationPreference": ""},
    "HibernationOptions": {"Configured": False},
    "ImageOptions": {"LoginAsNonRoot": False, "CurrentOSNVMeSupported": True},
}


def _row(instance: Instance) -> dict[str, Any]:
    """Return an instance as DescribeInstances shows it."""
    return {
        **_SAME,
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "HostName": instance.host_name,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "Status": instance.status,
        "StoppedMode": "KeepCharging" if instance.status == "Stopped" else "Not-applicable",
        "InstanceType": instance.instance_type,
        "InstanceTypeFamily": ".".join(instance.instance_type.split(".")[:2]),
        "ImageId": instance.image_id,
        "OSType": instance.os_type,
        "OSName": instance.os_name,
        "OSNameEn": instance.os_name,
        "CreationTime": _minute(instance.created),
        "StartTime": _minute(instance.started),
        "InstanceChargeType": instance.charge_type,
        "DeletionProtection": instance.deletion_protection,
        "ResourceGroupId": instance.resource_group_id,
        "SerialNumber": instance.id[2:],
        "SecurityGroupIds": {"SecurityGroupId": instance.security_group_ids},
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in instance.tags.items()]},
        **_network(instance),
    }


def _network(instance: Instance) -> dict[str, Any]:
    """Return how an instance is reached: by a VPC with a network interface, or in the classic network."""
    vpc = instance.network_type == "vpc"
    private = [instance.private_ip]
    return {
        "InstanceNetworkType": instance.network_type,
        "InternetChargeType": "PayByTraffic",
        "InternetMaxBandwidthIn": 200,
        "InternetMaxBandwidthOut": 5 if instance.public_ip else 0,
        "InnerIpAddress": {"IpAddress": [] if vpc else private},
        "PublicIpAddress": {"IpAddress": [instance.public_ip] if instance.public_ip else []},
        "EipAddress": {
            "AllocationId": "",
            "IpAddress": "",
            "InternetChargeType": "",
            "Bandwidth": 0,
            "IsSupportUnassociate": False,
        },
        "VpcAttributes": {
            "VpcId": instance.vpc_id,
            "VSwitchId": instance.vswitch_id,
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": private if vpc else []},
        },
        "NetworkInterfaces": {"NetworkInterface": [_interface(instance)] if vpc else []},
    }


def _interface(instance: Instance) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": f"eni-{instance.id[2:]}",
        "PrimaryIpAddress": instance.private_ip,
        "Type": "Primary",
        "MacAddress": _mac(instance),
        "PrivateIpSets": {
            "PrivateIpSet": [{"PrivateIpAddress": instance.private_ip, "Primary": True, "PrivateDnsName": ""}]
        },
        "Ipv6Sets": {"Ipv6Set": []},
        "Ipv4PrefixSets": {"Ipv4PrefixSet": []},
        "Ipv6PrefixSets": {"Ipv6PrefixSet": []},
    }


def _minute(moment: float) -> str:
    return iso(moment)[:16] + "Z"


def _mac(instance: Instance) -> str:
    octets = [int(part) for part in instance.private_ip.split(".")]
    return "00:16:" + ":".join(f"{octet:02x}" for octet in octets)


def _equals(name: str, value: str) -> Callable[[Instance], bool]:
    return lambda instance: getattr(instance, name) == value


_PLAIN = {
    "ImageId": "image_id",
    "InstanceType": "instance_type",
    "InstanceChargeType": "charge_type",
    "InstanceNetworkType": "network_type",
    "ResourceGroupId": "resource_group_id",
    "Status": "status",
    "VpcId": "vpc_id",
    "VSwitchId": "vswitch_id",
    "ZoneId": "zone",
}


def _filters(call: Call) -> list[Callable[[Instance], bool]]:
    params = call.params
    filters = [_equals(attribute, params[name]) for name, attribute in _PLAIN.items() if params.text(name)]
    if params.text("InstanceIds"):
        ids = set(json_array(call, "InstanceIds"))
        filters.append(lambda instance: instance.id in ids)
    for name, attribute in (("PrivateIpAddresses", "private_ip"), ("PublicIpAddresses", "public_ip")):
        if params.text(name):
            addresses = set(json_array(call, name))
            filters.append(lambda i, a=attribute, v=addresses: getattr(i, a) in v)  # type: ignore[misc]
    if params.text("InnerIpAddresses"):
        inner = set(json_array(call, "InnerIpAddresses"))
        filters.append(lambda instance: instance.network_type == "classic" and instance.private_ip in inner)
    for name in ("EipAddresses", "RdmaIpAddresses", "KeyPairName", "HpcClusterId", "LockReason"):
        if params.text(name):
            filters.append(lambda instance: False)  # no emulated instance has any of these
    if params.text("InstanceName"):
        pattern = params["InstanceName"].replace("[", "[[]").replace("?", "[?]")
        filters.append(lambda instance: fnmatch.fnmatchcase(instance.name, pattern))
    if params.text("InstanceTypeFamily"):
        family = params["InstanceTypeFamily"] + "."
        filters.append(lambda instance: instance.instance_type.startswith(family))
    if params.text("SecurityGroupId"):
        group = params["SecurityGroupId"]
        filters.append(lambda instance: group in instance.security_group_ids)
    wanted = check_tags(call)
    if wanted:
        filters.append(lambda instance: matches(instance.tags, wanted))
    for row in params.rows("Filter"):
        key, value = row.get("Key", ""), row.get("Value", "")
        if key == "CreationStartTime":
            filters.append(lambda instance, v=value: _minute(instance.created) >= v)  # type: ignore[misc]
        elif key == "CreationEndTime":
            filters.append(lambda instance, v=value: _minute(instance.created) <= v)  # type: ignore[misc]
        elif key not in ("ExpiredStartTime", "ExpiredEndTime"):
            raise call.error("InvalidFilterKey.NotFound")
    return filters


@operation("DescribeInstances")
def describe_instances(call: Call) -> Answer:
    """List the instances of a region by all filters that the fleet can tell apart; at most 100 per page."""
    if call.params.flag("DryRun"):
        raise call.error("DryRunOperation")
    filters = _filters(call)
    pager = Pager(call.action, call.params, largest=100, clamp=(10, 100))
    page, paging = pager.take(
        call.region.instances, lambda instance: not instance.released and all(keep(instance) for keep in filters)
    )
    return {**paging, "Instances": {"Instance": [_row(instance) for instance in page]}}


@operation("DescribeInstanceStatus")
def describe_instance_status(call: Call) -> Answer:
    """List ids and states only, by ids or zone, with PageNumber and PageSize."""
    ids = set(call.params.items("InstanceId"))
    zone = call.params.text("ZoneId")
    pager = Pager(call.action, call.params, tokens=False)
    page, paging = pager.take(
        call.region.instances,
        lambda instance: not instance.released and (not ids or instance.id in ids) and zone in ("", instance.zone),
    )
    del paging["NextToken"]
    return {
        **paging,
        "InstanceStatuses": {
            "InstanceStatus": [{"InstanceId": instance.id, "Status": instance.status} for instance in page]
        },
    }
