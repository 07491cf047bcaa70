# SPDX-License-Identifier: BSD-2-Clause
# cppcheck over the server's sources. What is suppressed, and why:
#   missingInclude*      system headers are not read;
#   unusedFunction       a library's functions are used by its users;
#   constParameter*      callbacks have the signature that the caller asks for;
#   returnDanglingLifetime  it reads the call (pool_take)(…, &capacity, …) as a cast; gcc looks for these, too.
set -eu
cd "$(dirname "$0")/../.."

cppcheck --quiet --error-exitcode=1 -j "${JOBS:-2}" --std=c11 -D_GNU_SOURCE -D__linux__ -D__GNUC__=12 '-DElfW(type)=Elf64_##type' --inline-suppr \
    --enable=warning,performance,portability --suppress=missingInclude --suppress=missingIncludeSystem \
    --suppress=unusedFunction --suppress=constParameterCallback --suppress=returnDanglingLifetime --suppress=normalCheckLevelMaxBranches \
    -I. -I"${BUILD:-build}" pool conf server http 2>&1
