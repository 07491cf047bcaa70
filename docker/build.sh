# SPDX-License-Identifier: BSD-2-Clause
# Builds the image `tidepool` with docker, or with buildah where no docker daemon answers.
set -eu
cd "$(dirname "$0")/.."

if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    exec docker build -t tidepool -f docker/Dockerfile .
fi
if command -v buildah >/dev/null; then
    # chroot isolation needs no privileges and no network namespace; only docker's format knows health checks.
    exec buildah bud --format docker --isolation chroot -t tidepool -f docker/Dockerfile .
fi
echo 'neither a docker daemon nor buildah is here' >&2
exit 1
