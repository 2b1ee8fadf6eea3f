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
      - May be left out where both O(endpoint) and O(project_id) are given.
      - The default comes from the environment, E(HW_REGION_NAME) or E(OS_REGION_NAME).
    type: str
    aliases: [region_id]
  project_id:
    description:
      - The project's id. Looked up in IAM by the name of O(region) when it is not given.
      - >-
        The default comes from the environment, E(HUAWEICLOUD_SDK_PROJECT_ID) or E(HW_PROJECT_ID) or
        E(OS_PROJECT_ID) or E(OS_TENANT_ID).
    type: str
  access_key:
    description:
      - The access key (AK).
      - >-
        A task gives one of O(access_key), O(auth_token) and O(username). Where it gives none, the environment is
        searched for O(auth_token), O(access_key) and O(username), in this order.
      - >-
        Where that gives none either, the SDK's file is read, which C(HUAWEICLOUD_SDK_CREDENTIALS_FILE) names and which
        is C(~/.huaweicloud/credentials) by default; then the metadata service of the server this runs on is asked.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_AK) or E(HW_ACCESS_KEY) or E(OS_ACCESS_KEY).
    type: str
    aliases: [access_key_id]
  secret_key:
    description:
      - The secret key (SK). Required with O(access_key).
      - The default comes from the environment, E(HUAWEICLOUD_SDK_SK) or E(HW_SECRET_KEY) or E(OS_SECRET_KEY).
    type: str
    aliases: [access_key_secret]
  security_token:
    description:
      - The security token that belongs to a temporary access key.
      - One from the environment is only used with the access key from the environment.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_SECURITY_TOKEN) or E(HW_SECURITY_TOKEN).
    type: str
  auth_token:
    description:
      - A token of IAM, used instead of an access key.
      - The default comes from the environment, E(HW_AUTH_TOKEN) or E(OS_AUTH_TOKEN).
    type: str
  username:
    description:
      - The name of an IAM user. With O(password) and O(domain_name), a token is fetched from IAM.
      - The default comes from the environment, E(HW_USER_NAME) or E(OS_USERNAME).
    type: str
  password:
    description:
      - The IAM user's password.
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
      - The host or URL of IAM, where it is not the region's own.
      - The default comes from the environment, E(HUAWEICLOUD_SDK_IAM_ENDPOINT) or E(HW_AUTH_URL) or E(OS_AUTH_URL).
    type: str
  endpoint:
    description:
      - The host or URL of CloudDC, where it is not the region's own.
      - >-
        Without it, the environment variable C(HUAWEICLOUD_SDK_REGION_CLOUDDC_<REGION>) is read, then the region's
        own is used.
      - An C(http://) URL sends the requests unencrypted, for example to the emulator.
    type: str
  validate_certs:
    description:
      - Whether the server's certificate is verified.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory of CA certificates to verify the server's certificate with.
      - The default comes from the environment, E(OS_CACERT).
    type: path
  connect_timeout:
    description:
      - Seconds to wait for a connection, for each try.
    type: float
    default: 10
  read_timeout:
    description:
      - Seconds to wait for an answer, for each try.
    type: float
    default: 30
  max_retries:
    description:
      - How many times a call is tried again after the first try, where repeating is safe.
      - The default comes from the environment, E(HW_MAX_RETRIES).
    type: int
    default: 5
requirements:
  - python >= 3.10
  - requests
"""
