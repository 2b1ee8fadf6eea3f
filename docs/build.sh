#!/usr/bin/env bash
# Copyright (c) 2026, cloudops.cloud_assistant contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Build the documentation site into the folder given, by default docs/_build, and fail on any warning.
# Needs antsibull-docs and Sphinx on PATH, and the collection on ANSIBLE_COLLECTIONS_PATH.
set -euo pipefail

site=${1:-"$(dirname "$0")/_build"}
rm -rf "$site"
mkdir -p "$site"

antsibull-docs sphinx-init --use-current --fail-on-error --squash-hierarchy --no-add-antsibull-docs-version \
    --project cloudops.cloud_assistant --title cloudops.cloud_assistant \
    --copyright 'cloudops.cloud_assistant contributors' \
    --dest-dir "$site" cloudops.cloud_assistant >/dev/null

# The inventories of other projects are not fetched: the build needs no network, and links to them stay plain text.
sed -i -e '/sphinx.ext.intersphinx/d' -e '/^intersphinx_mapping/,/^}/d' "$site/conf.py"
echo "suppress_warnings = ['ref.ref']" >>"$site/conf.py"

cd "$site"
mkdir -p temp-rst rst
chmod og-w temp-rst
antsibull-docs --config-file antsibull-docs.cfg collection --use-current --squash-hierarchy \
    --fail-on-error --dest-dir temp-rst cloudops.cloud_assistant >/dev/null
cp -r temp-rst/. rst/
sphinx-build -M html rst build -c . -W --keep-going -q
echo "The site is in $site/build/html/index.html"
