# -*- coding: utf-8 -*-
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that every module for Huawei Cloud shares."""

from __future__ import annotations


class ModuleDocFragment:
    """DOCUMENTATION for all modules."""

    DOCUMENTATION = r"""
---
options:
  region:
    description:
      - The region, for example V(cn-east-3).
      - Optional if both O(endpoint) and O(project_id) are given.
      - The default comes from the environment, E(HW_REGION_NAME) or E(OS_REGION_NAME).
    type: str
    aliases: [region_id]
  project_id:
    description:
      - The ID of the project. By default, it is looked up in IAM by the name of O(region).
      - >-
        The default comes from the environment, E(HUAWEICLOUD_SDK_PROJECT_ID) or E(HW_PROJECT_ID) or
        E(OS_PROJECT_ID) or E(OS_TENANT_ID).
    type: str
  access_key:
    description:
      - The access key (AK).
      - >-
        A task can give one of O(access_key), O(auth_token) and O(username). If it gives none of them, the environment
        is searched for O(auth_token), O(access_key) and O(username), in this order.
      - >-
        If the environment has none of them either, the credentials file of the SDK is read: the file that
        C(HUAWEICLOUD_SDK_CREDENTIALS_FILE) names, by default C(~/.huaweicloud/credentials). Without that file, the
        metadata service of the server that the module runs on is queried.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_AK) or E(HW_ACCESS_KEY) or E(OS_ACCESS_KEY).
    type: str
    aliases: [access_key_id]
  secret_key:
    description:
      - The secret key (SK). Required together with O(access_key).
      - The default comes from the environment, E(HUAWEICLOUD_SDK_SK) or E(HW_SECRET_KEY) or E(OS_SECRET_KEY).
    type: str
    aliases: [access_key_secret]
  security_token:
    description:
      - The security token that belongs to a temporary access key.
      - A token from the environment is used only with the access key from the environment.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_SECURITY_TOKEN) or E(HW_SECURITY_TOKEN).
    type: str
  auth_token:
    description:
      - An IAM token, used instead of an access key.
      - The default comes from the environment, E(HW_AUTH_TOKEN) or E(OS_AUTH_TOKEN).
    type: str
  username:
    description:
      - The name of an IAM user. Together with O(password) and O(domain_name), it is used to get a token from IAM.
      - The default comes from the environment, E(HW_USER_NAME) or E(OS_USERNAME).
    type: str
  password:
    description:
      - The password of the IAM user.
      - The default comes from the environment, E(HW_USER_PASSWORD) or E(OS_PASSWORD).
    type: str
  domain_name:
    description:
      - The name of the account that the IAM user belongs to.
      - >-
        The default comes from the environment, E(HW_DOMAIN_NAME) or E(OS_DOMAIN_NAME) or E(OS_USER_DOMAIN_NAME) or
        E(OS_PROJECT_DOMAIN_NAME).
    type: str
  iam_endpoint:
    description:
      - The host or URL of IAM. Overrides the default endpoint of the region.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_IAM_ENDPOINT) or E(HW_AUTH_URL) or E(OS_AUTH_URL).
    type: str
  endpoint:
    description:
      - The host or URL of CloudDC. Overrides the default endpoint of the region.
      - >-
        If it is not given, the environment variable C(HUAWEICLOUD_SDK_REGION_CLOUDDC_<REGION>) is used.
      - With an C(http://) URL, requests are not encrypted. Use it only for the emulator.
    type: str
  validate_certs:
    description:
      - Whether to verify the certificate of the server.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory of CA certificates with which to verify the certificate of the server.
      - The default comes from the environment, E(OS_CACERT).
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
      - The default comes from the environment, E(HW_MAX_RETRIES).
    type: int
    default: 5
requirements:
  - python >= 3.10
  - requests
"""
