# SPDX-License-Identifier: BSD-2-Clause
"""The tests are a package, so that harness/ is imported by its name from wherever a test or a command stands."""
