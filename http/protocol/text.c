/* SPDX-License-Identifier: BSD-2-Clause */
/* Two digits at a time, for numbers as text. */
#include "http/protocol/text.h"

const char http_digit_pairs[200] = "0001020304050607080910111213141516171819"
                                   "2021222324252627282930313233343536373839"
                                   "4041424344454647484950515253545556575859"
                                   "6061626364656667686970717273747576777879"
                                   "8081828384858687888990919293949596979899";
