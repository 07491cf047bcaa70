# SPDX-License-Identifier: BSD-2-Clause
# Whether a binary has what the Makefile asks the compiler and the linker for (HARDEN): hardened.sh BINARY.
#   PIE, full RELRO (the segment, and all symbols bound at the start), a stack that is not executable, no segment that can
#   be both written and executed, the stack protector, fortified calls, and on x86 a mark for CET at each function that is
#   called through a pointer (the note of the whole binary needs a C library that has it too, and is not looked at).
set -eu

binary=$1
bad=0

fail() {
    echo "$binary: $1"
    bad=1
}

header=$(readelf -hW "$binary")
segments=$(readelf -lW "$binary")
dynamic=$(readelf -dW "$binary")
symbols=$(readelf -sW --dyn-syms "$binary")

echo "$header" | grep -q 'Type: *DYN' || fail 'not position independent (-pie)'
echo "$dynamic" | grep -q 'FLAGS_1.*PIE' || fail 'not position independent (-pie)'
echo "$segments" | grep -q 'GNU_RELRO' || fail 'no RELRO (-z relro)'
echo "$dynamic" | grep -q 'BIND_NOW\|FLAGS_1.*NOW' || fail 'symbols are bound late (-z now)'
echo "$dynamic" | grep -q 'TEXTREL' && fail 'relocations in code'
echo "$dynamic" | grep -q '(RPATH)\|(RUNPATH)' && fail 'a path of the building machine (RPATH)'
echo "$segments" | grep -q 'GNU_STACK .* RW ' || fail 'an executable stack (-z noexecstack)'
echo "$segments" | grep -q 'LOAD .* RWE ' && fail 'a segment that is written and executed'
echo "$symbols" | grep -q ' __stack_chk_fail' || fail 'no stack protector (-fstack-protector-strong)'
echo "$symbols" | grep -q ' __[a-z]*_chk@\| __[a-z]*_chk ' || fail 'no fortified call (-D_FORTIFY_SOURCE)'
if echo "$header" | grep -q 'Machine:.*X86-64'; then
    # Few enough to be a library's start-up code alone, were the flag not there.
    marks=$(objdump -d --no-show-raw-insn "$binary" | grep -c 'endbr64' || true)
    [ "$marks" -ge 50 ] || fail "no marks for CET: $marks (-fcf-protection)"
fi
exit $bad
