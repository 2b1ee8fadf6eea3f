#!/usr/bin/env bash
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Build the documentation site into the folder given, by default docs/_build, and fail on any warning.
# Needs antsibull-docs, Sphinx and d2 on PATH, and the collection on ANSIBLE_COLLECTIONS_PATH. Needs no network.
set -euo pipefail

site=${1:-"$(dirname "$0")/_build"}
site_sources=$(cd "$(dirname "$0")/site" && pwd)
rm -rf "$site"
mkdir -p "$site"
site=$(cd "$site" && pwd)

antsibull-docs sphinx-init --use-current --fail-on-error --squash-hierarchy --no-add-antsibull-docs-version \
    --project cloudops.cloud_assistant --title cloudops.cloud_assistant \
    --copyright 'cloudops.cloud_assistant contributors' \
    --extra-html-theme-options documentation_home_url=https://cloudops.github.io/cloud_assistant/ \
    --dest-dir "$site" cloudops.cloud_assistant >/dev/null

cd "$site"
# Inventories of other projects are not fetched, so references to them stay plain text. All others must be right.
sed -i "s/'sphinx.ext.intersphinx', //" conf.py
cat >>conf.py <<'CONF'
nitpick_ignore_regex = [
    ('std:ref', r'ansible_collections\.ansible\..*|(action|callback)_plugins|ansible_configuration_settings|common_return_values'),
    ('std:envvar', r'(ANSIBLE|ALIBABA_CLOUD|ALICLOUD|HUAWEICLOUD|HW|OS)_.*'),
    ('envvar', r'(ANSIBLE|ALIBABA_CLOUD|ALICLOUD|HUAWEICLOUD|HW|OS)_.*'),
]
CONF

mkdir collection
chmod og-w collection
antsibull-docs --config-file antsibull-docs.cfg collection --use-current --squash-hierarchy \
    --fail-on-error --dest-dir collection cloudops.cloud_assistant >/dev/null
rm -r rst
python "$site_sources/prepare.py" collection
cat >>conf.py <<CONF
html_theme_options['topbar_links'] = {
    'Repository': 'https://github.com/cloudops/cloud_assistant',
    'Ansible forum': 'https://forum.ansible.com/c/help/6',
}
html_static_path = ['$site_sources']
html_css_files = ['site.css']
CONF
sphinx-build -M html collection build -c . -W --keep-going -q
echo "The site is in $site/build/html/index.html"
