# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that every module and plugin for Alibaba Cloud shares."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION for all; PLUGINS also for plugins; CONNECTION before these two for the connection plugin."""

    DOCUMENTATION = r"""
---
options:
  region:
    description:
      - The region of the instances, for example V(cn-hangzhou).
      - If it is not set, the C(region_id) of O(profile) in the configuration of the official CLI is used.
      - The default comes from the environment, E(ALIBABA_CLOUD_REGION_ID) or E(ALICLOUD_REGION).
    type: str
    aliases: [region_id, alicloud_region]
  access_key_id:
    description:
      - The ID of the access key.
      - >-
        If it is not given, O(profile) is used, otherwise the default credential chain of the
        C(alibabacloud-credentials) library (OIDC, the profile files, the RAM role of the instance that the module runs
        on).
      - The default comes from the environment, E(ALIBABA_CLOUD_ACCESS_KEY_ID) or E(ALICLOUD_ACCESS_KEY).
    type: str
    aliases: [access_key, alicloud_access_key]
  access_key_secret:
    description:
      - The secret of the access key. Required together with O(access_key_id).
      - The default comes from the environment, E(ALIBABA_CLOUD_ACCESS_KEY_SECRET) or E(ALICLOUD_SECRET_KEY).
    type: str
    aliases: [secret_key, alicloud_secret_key]
  security_token:
    description:
      - The STS token that belongs to a temporary access key.
      - The default comes from the environment, E(ALIBABA_CLOUD_SECURITY_TOKEN) or E(ALICLOUD_SECURITY_TOKEN).
    type: str
  profile:
    description:
      - The profile in C(~/.aliyun/config.json) or C(~/.alibabacloud/credentials.ini) to take the credentials from.
      - Requires the Python library C(alibabacloud-credentials).
      - The default comes from the environment, E(ALIBABA_CLOUD_PROFILE).
    type: str
  assume_role:
    description:
      - The RAM role to assume with these credentials.
      - Requires the Python library C(alibabacloud-credentials).
    type: dict
    suboptions:
      role_arn:
        description:
          - The ARN of the role.
        type: str
        required: true
      session_name:
        description:
          - The name of the session, which appears in the audit log.
        type: str
        default: cloud-assistant
      external_id:
        description:
          - The external ID that the trust policy of the role requires.
        type: str
      duration_seconds:
        description:
          - Lifetime of the credentials of the role, in seconds.
        type: int
        default: 3600
  endpoint:
    description:
      - The host or URL of the ECS service. Overrides the default endpoint of the region.
      - With an C(http://) URL, requests are not encrypted. Use it only for the emulator, as V(http://127.0.0.1:8080).
      - The default comes from the environment, E(ALIBABA_CLOUD_ECS_ENDPOINT).
    type: str
  network:
    description:
      - Whether to use the public or the VPC endpoint of the region. Ignored with O(endpoint).
    type: str
    choices: [public, vpc]
    default: public
  api_generation:
    description:
      - The generation of the API that the endpoint provides.
      - >-
        V(classic) is the API of 2018, which some private-cloud and reseller endpoints still use. It does not support
        client tokens, tags or parameters, and limits content to 16 KB. Options that it does not support are rejected
        before any request.
    type: str
    choices: [current, classic]
    default: current
  signature_version:
    description:
      - The version of the request signature.
      - The default is V(v3) for O(api_generation=current) and V(v1) for O(api_generation=classic).
    type: str
    choices: [v3, v1]
  validate_certs:
    description:
      - Whether to verify the certificate of the server.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory of CA certificates with which to verify the certificate of the server.
    type: path
  connect_timeout:
    description:
      - Timeout for establishing a connection, in seconds, for each attempt.
    type: float
    default: 10
  read_timeout:
    description:
      - Timeout for receiving a response, in seconds, for each attempt.
    type: float
    default: 30
  max_retries:
    description:
      - Maximum number of times that a call is retried, if it is safe to repeat.
    type: int
    default: 5
requirements:
  - python >= 3.10
  - requests
  - alibabacloud-credentials (only for O(profile), O(assume_role) and the default credential chain)
"""

    # Where Ansible itself reads these options for a plugin. No secret has a place in ansible.cfg.
    PLUGINS = r"""
---
options:
  region:
    env:
      - name: ALIBABA_CLOUD_REGION_ID
      - name: ALICLOUD_REGION
    vars:
      - name: alibaba_cloud_region
    ini:
      - section: alibaba_cloud
        key: region
  access_key_id:
    env:
      - name: ALIBABA_CLOUD_ACCESS_KEY_ID
      - name: ALICLOUD_ACCESS_KEY
    vars:
      - name: alibaba_cloud_access_key_id
    ini:
      - section: alibaba_cloud
        key: access_key_id
  access_key_secret:
    env:
      - name: ALIBABA_CLOUD_ACCESS_KEY_SECRET
      - name: ALICLOUD_SECRET_KEY
    vars:
      - name: alibaba_cloud_access_key_secret
  security_token:
    env:
      - name: ALIBABA_CLOUD_SECURITY_TOKEN
      - name: ALICLOUD_SECURITY_TOKEN
    vars:
      - name: alibaba_cloud_security_token
  profile:
    env:
      - name: ALIBABA_CLOUD_PROFILE
    vars:
      - name: alibaba_cloud_profile
    ini:
      - section: alibaba_cloud
        key: profile
  assume_role:
    vars:
      - name: alibaba_cloud_assume_role
  endpoint:
    env:
      - name: ALIBABA_CLOUD_ECS_ENDPOINT
    vars:
      - name: alibaba_cloud_endpoint
    ini:
      - section: alibaba_cloud
        key: endpoint
  network:
    vars:
      - name: alibaba_cloud_network
    ini:
      - section: alibaba_cloud
        key: network
  api_generation:
    vars:
      - name: alibaba_cloud_api_generation
    ini:
      - section: alibaba_cloud
        key: api_generation
  signature_version:
    vars:
      - name: alibaba_cloud_signature_version
    ini:
      - section: alibaba_cloud
        key: signature_version
  validate_certs:
    vars:
      - name: alibaba_cloud_validate_certs
    ini:
      - section: alibaba_cloud
        key: validate_certs
  ca_path:
    vars:
      - name: alibaba_cloud_ca_path
    ini:
      - section: alibaba_cloud
        key: ca_path
  connect_timeout:
    vars:
      - name: alibaba_cloud_connect_timeout
    ini:
      - section: alibaba_cloud
        key: connect_timeout
  read_timeout:
    vars:
      - name: alibaba_cloud_read_timeout
    ini:
      - section: alibaba_cloud
        key: read_timeout
  max_retries:
    vars:
      - name: alibaba_cloud_max_retries
    ini:
      - section: alibaba_cloud
        key: max_retries
"""

    # Each host may have an account of its own, so the connection plugin also has variables with its prefix. An option's
    # list of a fragment named earlier replaces that of a later one, hence both names here.
    CONNECTION = r"""
---
options:
  region:
    vars:
      - name: alibaba_cloud_region
      - name: ansible_ecs_assistant_region
  access_key_id:
    vars:
      - name: alibaba_cloud_access_key_id
      - name: ansible_ecs_assistant_access_key_id
  access_key_secret:
    vars:
      - name: alibaba_cloud_access_key_secret
      - name: ansible_ecs_assistant_access_key_secret
  security_token:
    vars:
      - name: alibaba_cloud_security_token
      - name: ansible_ecs_assistant_security_token
  profile:
    vars:
      - name: alibaba_cloud_profile
      - name: ansible_ecs_assistant_profile
  assume_role:
    vars:
      - name: alibaba_cloud_assume_role
      - name: ansible_ecs_assistant_assume_role
  endpoint:
    vars:
      - name: alibaba_cloud_endpoint
      - name: ansible_ecs_assistant_endpoint
  network:
    vars:
      - name: alibaba_cloud_network
      - name: ansible_ecs_assistant_network
  api_generation:
    vars:
      - name: alibaba_cloud_api_generation
      - name: ansible_ecs_assistant_api_generation
  signature_version:
    vars:
      - name: alibaba_cloud_signature_version
      - name: ansible_ecs_assistant_signature_version
  validate_certs:
    vars:
      - name: alibaba_cloud_validate_certs
      - name: ansible_ecs_assistant_validate_certs
  ca_path:
    vars:
      - name: alibaba_cloud_ca_path
      - name: ansible_ecs_assistant_ca_path
  connect_timeout:
    vars:
      - name: alibaba_cloud_connect_timeout
      - name: ansible_ecs_assistant_connect_timeout
  read_timeout:
    vars:
      - name: alibaba_cloud_read_timeout
      - name: ansible_ecs_assistant_read_timeout
  max_retries:
    vars:
      - name: alibaba_cloud_max_retries
      - name: ansible_ecs_assistant_max_retries
"""
