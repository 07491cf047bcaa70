# SPDX-License-Identifier: BSD-2-Clause
# Installs those of the Debian packages named that are missing. When none is, apt-get is not called and no network is needed.
set -eu

missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "these packages are missing, and there is no apt-get to install them:$missing" >&2
    exit 1
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# The list may be older than the archive: only a failed installation is worth the time of a new one.
$as_root apt-get install -y --no-install-recommends $missing ||
    { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends $missing; }
