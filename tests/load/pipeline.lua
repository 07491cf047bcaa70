-- SPDX-License-Identifier: BSD-2-Clause
-- wrk: DEPTH requests in one write, PATH each.
function init(args)
    local depth, one = tonumber(args[1] or 16), {}
    for i = 1, depth do one[i] = wrk.format() end
    batch = table.concat(one)
end

function request()
    return batch
end
